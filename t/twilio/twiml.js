// SPDX-License-Identifier: Apache-2.0
//
// Usage: node t/twilio/twiml.js <answers
//
// Writes TwiML by the classes of Twilio's own library. Each line of standard input is an answer, in JSON: { kind, verbs },
// where kind is VoiceResponse or MessagingResponse, and a verb is { verb, attributes, text, verbs }: the name of the method
// that adds it, and what is within it. Each line of standard output is the answer's XML, as a JSON text.

import { createInterface } from 'node:readline';
import twilio from 'twilio';

function add(parent, { verb, attributes, text, verbs }) {
    const given = text === undefined ? [attributes ?? {}] : [attributes ?? {}, text];
    const child = parent[verb](...given);
    for (const inner of verbs ?? [])
        add(child, inner);
}

for await (const line of createInterface({ input: process.stdin })) {
    const { kind, verbs } = JSON.parse(line);
    const response = new twilio.twiml[kind]();
    for (const verb of verbs)
        add(response, verb);
    console.log(JSON.stringify(response.toString()));
}
