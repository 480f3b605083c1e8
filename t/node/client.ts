// SPDX-License-Identifier: Apache-2.0
//
// What a consumer's program looks like with a client generated from our document: it creates, lists, reads, changes and
// deletes a row of each resource. It has to compile as well as to run; the lines that expect an error would
// compile if the document said less than it does.
//
// Usage: node client.js BASE_URL API_KEY
// Prints the operations that it used, one a line, and fails with the first answer that is not what it should be.

import createClient from 'openapi-fetch';

import type { components, paths } from './schema.js';

declare const process: { argv: string[] };

const [baseUrl, key] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({
    baseUrl,
    headers: { Authorization: `Bearer ${key}` },
});

client.use({
    onRequest({ request, schemaPath }) {
        console.log(`${request.method} ${schemaPath}`);
    },
});

// The data of an answer; the types say what is in it.
function done<T>(answer: { data?: T; error?: unknown; response: Response }): NonNullable<T> {
    if (answer.error !== undefined || answer.data === undefined || answer.data === null)
        throw new Error(`${answer.response.url}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
    return answer.data as NonNullable<T>;
}

function expect(what: string, got: unknown, wanted: unknown) {
    if (JSON.stringify(got) !== JSON.stringify(wanted))
        throw new Error(`${what} is ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
}

// The problem of an answer that had to be refused.
function refused(answer: { error?: components['schemas']['Problem']; response: Response }, code: components['schemas']['Problem']['code']) {
    expect('the problem', answer.error?.code, code);
    expect('its status', answer.error?.status, answer.response.status);
}

function sid<Prefix extends string>(prefix: Prefix) {
    return `${prefix}${Array.from({ length: 32 }, () => Math.floor(Math.random() * 16).toString(16)).join('')}`;
}

async function calls() {
    const made = done(await client.POST('/calls', {
        body: { sid: sid('CA'), from_number: '+12025550100', created_at: '2026-01-02T03:04:05Z' },
    }));
    expect('what is absent', made.to_number, null);
    const page = done(await client.GET('/calls', {
        params: { query: { sid: made.sid, 'created_at.gte': '2026-01-02T03:04:05Z', limit: 2 } },
    }));
    expect('the list', page, { data: [made], next: null, next_cursor: null });
    const read = await client.GET('/calls/{id}', { params: { path: { id: made.sid } } });
    expect('the call by sid', done(read), made);
    const tag = read.response.headers.get('ETag') ?? '';
    const known = await client.GET('/calls/{id}', { params: { path: { id: made.id }, header: { 'If-None-Match': tag } } });
    expect('the status of what is known', known.response.status, 304);
    const changed = done(await client.PATCH('/calls/{id}', {
        params: { path: { id: made.id }, header: { 'If-Match': tag } },
        body: { status: 'completed', from_number: null },
    }));
    expect('the changed call', changed, { ...made, status: 'completed', from_number: null });
    refused(await client.DELETE('/calls/{id}', { params: { path: { id: made.id }, header: { 'If-Match': tag } } }), 'precondition-failed');
    const gone = await client.DELETE('/calls/{id}', { params: { path: { id: made.id } } });
    expect('the status of a deletion', gone.response.status, 204);
    refused(await client.GET('/calls/{id}', { params: { path: { id: made.id } } }), 'not-found');

    // @ts-expect-error: the sid is required
    refused(await client.POST('/calls', { body: {} }), 'invalid');
    // @ts-expect-error: the sid cannot be changed
    refused(await client.PATCH('/calls/{id}', { params: { path: { id: 1 } }, body: { sid: sid('CA') } }), 'invalid');
    // @ts-expect-error: there is no such filter
    refused(await client.GET('/calls', { params: { query: { nothing: 1 } } }), 'bad-parameter');
}

async function messages() {
    const made = done(await client.POST('/messages', { body: { sid: sid('SM'), body: 'Hello\n' } }));
    const page = done(await client.GET('/messages', { params: { query: { order: 'created_at.desc', fields: ['id', 'body'], sid: made.sid } } }));
    expect('the list', page.data, [{ id: made.id, body: made.body }]); // written as fields=id&fields=body
    expect('the message', done(await client.GET('/messages/{id}', { params: { path: { id: made.id } } })), made);
    const changed = done(await client.PATCH('/messages/{id}', { params: { path: { id: made.sid } }, body: { body: 'Bye' } }));
    expect('the changed message', changed, { ...made, body: 'Bye' });
    expect('the status', (await client.DELETE('/messages/{id}', { params: { path: { id: made.id } } })).response.status, 204);
}

async function recordings() {
    const made = done(await client.POST('/recordings', { body: { sid: sid('RE'), url: 'https://media.example.com/1.mp3', duration: 17 } }));
    const page = done(await client.GET('/recordings', { params: { query: { sid: made.sid, 'duration.gt': 16, 'call_sid.null': true } } }));
    expect('the list', page.data, [made]);
    expect('the recording', done(await client.GET('/recordings/{id}', { params: { path: { id: made.id } } })), made);
    const changed = done(await client.PATCH('/recordings/{id}', { params: { path: { id: made.id } }, body: { duration: null } }));
    expect('the changed recording', changed, { ...made, duration: null });
    expect('the status', (await client.DELETE('/recordings/{id}', { params: { path: { id: made.sid } } })).response.status, 204);
    // @ts-expect-error: no text
    refused(await client.POST('/recordings', { body: { sid: sid('RE'), duration: '17' } }), 'invalid');
}

async function products() {
    const name = `Anvil-${Math.random()}`;
    const post = () => client.POST('/products', {
        params: { header: { 'Idempotency-Key': name } },
        body: { name },
    });
    const made = done(await post());
    const again = await post();
    expect('the replay', [again.data, again.response.headers.get('Idempotency-Replayed')], [made, 'true']);
    const page = done(await client.GET('/products', { params: { query: { name }, header: { Prefer: 'count=exact' } } }));
    expect('the list', page, { data: [made], next: null, next_cursor: null, count: 1 });
    expect('the product', done(await client.GET('/products/{id}', { params: { path: { id: made.id } } })), made);
    const changed = done(await client.PATCH('/products/{id}', { params: { path: { id: made.id } }, body: { description: 'Heavy.' } }));
    expect('the changed product', changed, { ...made, description: 'Heavy.' });
    expect('the status', (await client.DELETE('/products/{id}', { params: { path: { id: made.id } } })).response.status, 204);
}

async function users() {
    const email = `ada.${Math.floor(Math.random() * 1e9)}@example.com`;
    const made = done(await client.POST('/users', { body: { email, password: 'correct horse battery staple' } }));
    // @ts-expect-error: a password is never shown
    expect('the password', made.password, undefined);
    const page = done(await client.GET('/users', { params: { query: { email: email.toUpperCase(), order: 'created_at.asc' } } }));
    expect('the list', page.data, [made]);
    expect('the user', done(await client.GET('/users/{id}', { params: { path: { id: made.id } } })), made);
    const changed = done(await client.PATCH('/users/{id}', { params: { path: { id: made.id } }, body: { password: null } }));
    expect('the e-mail address', changed.email, email);
    refused(await client.POST('/users', { body: { email } }), 'email-taken');
    expect('the status', (await client.DELETE('/users/{id}', { params: { path: { id: made.id } } })).response.status, 204);
}

async function audit() {
    const made = done(await client.POST('/products', { body: { name: 'Anvil' } }));
    await client.DELETE('/products/{id}', { params: { path: { id: made.id } } });
    const page = done(await client.GET('/audit', {
        params: { query: { kind: 'products', action: 'delete', row_id: String(made.id), 'created_at.gte': '2026-01-02T03:04:05Z' } },
    }));
    expect('what was done', page.data.map((line) => [line.actor_type, line.changes]), [['key', '{}']]);
    const [line] = page.data;
    expect('the line', done(await client.GET('/audit/{id}', { params: { path: { id: line?.id ?? 0 } } })), line);
}

async function usage_rows() {
    const page = done(await client.GET('/usage', { params: { query: { from: '2026-01-02', to: '2026-01-03', order: 'day.asc' } } }));
    expect('the days', page.data.map((row) => row.day), ['2026-01-02', '2026-01-03']);
}

async function singles() {
    const before = done(await client.GET('/settings'));
    const changed = done(await client.PATCH('/settings', { body: { auto_record_calls: !before.auto_record_calls } }));
    expect('the settings', changed.auto_record_calls, !before.auto_record_calls);
    done(await client.PATCH('/settings', { body: { auto_record_calls: before.auto_record_calls } }));
    const tenant = done(await client.GET('/tenant'));
    expect('the tenant', done(await client.PATCH('/tenant', { body: { name: tenant.name } })), tenant);
}

async function twilio() {
    const asked = { identity: 'desk_7', voice: { incoming: { allow: true }, outgoing: { application_sid: sid('AP'), params: { a: 'b' } } } };
    done(await client.PATCH('/tenant', { body: { twilio_api_key_secret: null } }));
    refused(await client.POST('/twilio/token', { body: asked }), 'twilio-not-set-up');
    done(await client.PATCH('/tenant', {
        body: { twilio_account_sid: sid('AC'), twilio_api_key_sid: sid('SK'), twilio_api_key_secret: 'x' },
    }));
    const made = done(await client.POST('/twilio/token', { body: asked }));
    expect('whom it names', [made.identity, made.token.split('.').length], ['desk_7', 3]);
    // @ts-expect-error: a grant is required
    refused(await client.POST('/twilio/token', { body: { identity: 'a' } }), 'invalid');
    // @ts-expect-error: an application is required
    refused(await client.POST('/twilio/token', { body: { identity: 'a', voice: { outgoing: {} } } }), 'invalid');
}

async function service() {
    const links = done(await client.GET('/'));
    expect('a link', links.problems, links.openapi.replace('openapi.json', 'problems'));
    done(await client.GET('/openapi.json'));
    expect('its health', [done(await client.GET('/live')).status, done(await client.GET('/ready')).status], ['live', 'ready']);
    for (const { code, type } of done(await client.GET('/problems')).data.slice(0, 3))
        expect('the problem', done(await client.GET('/problems/{code}', { params: { path: { code } } })).type, type);
}

// Last, for it replaces the key.
async function rotation() {
    const { api_key } = done(await client.POST('/tenant/key', { body: { grace_seconds: 60 } }));
    expect('the length of a key', api_key.length, 52);
    refused(await client.POST('/tenant/key', { body: {} }), 'key-retiring');
    done(await client.GET('/tenant', { headers: { Authorization: `Bearer ${api_key}` } }));
}

for (const test of [audit, calls, messages, recordings, products, users, usage_rows, singles, twilio, service, rotation])
    await test();
