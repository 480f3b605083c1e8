// SPDX-License-Identifier: Apache-2.0
//
// Usage: node t/twilio/token.js <tokens
//
// Judges access tokens by Twilio's own library, and by the one that it signs with. Each line of standard input is a token and
// what it was asked for, in JSON:
//
//     token                       the token
//     secret, account, key        what it is to be signed with
//     identity, ttl, voice        what was asked for; ttl may be absent
//
// Each line of standard output is, in JSON: header and claims, of a token whose signature is right; library, what Twilio's
// classes make of the same input in the second that the token says it was made in; library_claims, what is in that. Or wrong: why
// it is no token.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import twilio from 'twilio';

// The one that Twilio's library has.
const jwt = createRequire(createRequire(import.meta.url).resolve('twilio'))('jsonwebtoken');
const { AccessToken } = twilio.jwt;

// What the library makes in a second of the clock.
function made({ secret, account, key, identity, ttl, voice }, second) {
    const token = new AccessToken(account, key, secret, { identity, ttl });
    token.addGrant(new AccessToken.VoiceGrant({
        incomingAllow: voice.incoming?.allow,
        outgoingApplicationSid: voice.outgoing?.application_sid,
        outgoingApplicationParams: voice.outgoing?.params,
        pushCredentialSid: voice.push_credential_sid,
    }));
    const now = Date.now;
    Date.now = () => second * 1000;
    try {
        return token.toJwt();
    } finally {
        Date.now = now;
    }
}

function judged(asked) {
    try {
        // in the second that it was made in: a slow machine may come to it when it has expired
        const clockTimestamp = jwt.decode(asked.token)?.iat;
        const { header, payload } = jwt.verify(asked.token, asked.secret, { algorithms: ['HS256'], complete: true, clockTimestamp });
        const library = made(asked, payload.iat);
        return { header, claims: payload, library, library_claims: jwt.decode(library) };
    } catch (error) {
        return { wrong: error.message };
    }
}

for await (const line of createInterface({ input: process.stdin }))
    console.log(JSON.stringify(judged(JSON.parse(line))));
