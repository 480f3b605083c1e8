// SPDX-License-Identifier: Apache-2.0
//
// Usage: node t/twilio/gateway.js BASE ACCOUNT KEY RECORDING FROM
//
// Twilio's own library at a gateway, with one line changed: BASE instead of https://api.twilio.com, a tenant's KEY as the
// password. Prints what each step has brought, as JSON: { step: result }.

import twilio from 'twilio';

const [base, account, key, recording, from] = process.argv.slice(2);
const client = twilio(account, key);
client.api.baseUrl = base;

const to = '+12025550100';
const said = {};

async function step(name, work) {
    try {
        said[name] = await work();
    } catch (error) {
        said[name] = { error: error.constructor.name, status: error.status, code: error.code, message: error.message,
            moreInfo: error.moreInfo };
    }
}

await step('call', async () => {
    const call = await client.calls.create({ to, from, url: 'https://example.com/voice' });
    return { sid: call.sid, status: call.status, direction: call.direction };
});
await step('message', async () => {
    const message = await client.messages.create({ to, from, body: 'Grüße & \u{1f600}' });
    return { sid: message.sid, status: message.status, body: message.body };
});
await step('fetch', async () => (await client.calls(said.call.sid).fetch()).sid);
await step('update', async () => (await client.calls(said.call.sid).update({ status: 'completed' })).status);
await step('list', async () => (await client.calls.list({ pageSize: 7 })).map((call) => call.sid));
await step('recording', async () => (await client.recordings(recording).fetch()).sid);
await step('media', async () => {
    const answer = await fetch(`${base}/2010-04-01/Accounts/${account}/Recordings/${recording}.mp3`, { headers: {
        Authorization: `Basic ${Buffer.from(`${account}:${key}`).toString('base64')}`, Range: 'bytes=10-19' } });
    return { status: answer.status, range: answer.headers.get('Content-Range'), type: answer.headers.get('Content-Type'),
        bytes: [...new Uint8Array(await answer.arrayBuffer())] };
});
await step('remove', async () => client.messages(said.message.sid).remove());
await step('missing', async () => client.calls('CA00000000000000000000000000000000').fetch());
await step('foreign', async () => client.calls.create({ to, from: '+12025550177', url: 'https://example.com/voice' }));
await step('forbidden', async () => client.keys.list());
await step('keyless', async () => {
    const other = twilio(account, 'nothing');
    other.api.baseUrl = base;
    return other.calls.list();
});
await step('user', async () => {
    const other = twilio('anybody', key, { accountSid: account });
    other.api.baseUrl = base;
    return (await other.messages.list({ limit: 1 })).length;
});

process.stdout.write(JSON.stringify(said));
