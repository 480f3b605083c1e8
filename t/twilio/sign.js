// SPDX-License-Identifier: Apache-2.0
//
// Usage: node t/twilio/sign.js <requests
//
// Signs requests as Twilio does, by Twilio's own library and by Node's crypto alone, from the documentation. Each line of
// standard input is a request, in JSON:
//
//     url      as Twilio has it configured
//     token    the account's auth token
//     params   of a form: an object of texts, or of arrays of texts where a name is repeated; absent with GET
//     body     instead of params: a text, sent as it is, which the URL is to have a bodySHA256 of
//
// Each line of standard output is what to send and what it is signed with, in JSON: url (with bodySHA256), body, type (the
// Content-Type, or null), signature. Dies where the two do not agree.

import { createHash, createHmac } from 'node:crypto';
import { createInterface } from 'node:readline';
import twilio from 'twilio';

const { getExpectedTwilioSignature, getExpectedBodyHash } = twilio;

// Twilio's library signs a URL as it is given; whoever asks Twilio gets one without a user's name and a fragment.
function signed(url) {
    return url.replace(/#.*/s, '').replace(/^(\w+:\/\/)[^/?]*@/, '$1');
}

function byBytes(one, other) {
    return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

// The documentation's algorithm: the URL, then each name and value, in the order of the names.
function sign(token, url, params) {
    let text = url;
    for (const name of Object.keys(params).sort(byBytes))
        for (const value of [...new Set([params[name]].flat())].sort(byBytes))
            text += name + value;
    return createHmac('sha1', token).update(Buffer.from(text, 'utf8')).digest('base64');
}

function encode(params) {
    const form = new URLSearchParams();
    for (const [name, values] of Object.entries(params))
        for (const value of [values].flat())
            form.append(name, value);
    return form.toString();
}

function answer({ url, token, params, body }) {
    if (body !== undefined) {
        const hash = createHash('sha256').update(Buffer.from(body, 'utf8')).digest('hex');
        if (hash !== getExpectedBodyHash(body))
            throw new Error(`the library has another SHA-256 of ${body}`);
        const [path, fragment] = url.split(/(#.*)/s);
        url = `${path}${path.includes('?') ? '&' : '?'}bodySHA256=${hash}${fragment ?? ''}`;
    }
    const signature = sign(token, signed(url), params ?? {});
    if (signature !== getExpectedTwilioSignature(token, signed(url), params ?? {}))
        throw new Error(`the library signs ${url} otherwise`);
    return {
        url,
        body: body ?? (params ? encode(params) : ''),
        type: body !== undefined ? 'application/json' : params ? 'application/x-www-form-urlencoded; charset=UTF-8' : null,
        signature,
    };
}

for await (const line of createInterface({ input: process.stdin }))
    console.log(JSON.stringify(answer(JSON.parse(line))));
