// SPDX-License-Identifier: Apache-2.0
//
// Usage: node t/twilio/stub.js CERTIFICATE KEY
//
// Twilio's REST API (2010-04-01), as far as calls, messages and recordings go: it keeps what it is told, answers as Twilio
// does, notes each request, and fails where it is told to. It speaks HTTP, HTTPS and, to the test alone, a third port
// (control), where `POST /NAME` with JSON runs a function of `orders` below. Its first line of output is
// {"http": port, "https": port, "control": port}. It ends with its standard input. t/lib/TenantTest/TwilioStub.pm runs it.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const api = '/2010-04-01/Accounts';
const finished = /^(completed|busy|failed|no-answer|canceled|delivered|undelivered|absent)$/;

// Of each kind: its name in paths and lists, how its sids begin, and what its lists are filtered by: equal values, and dates.
const kinds = {
    calls: {
        path: 'Calls', prefix: 'CA', equal: { To: 'to', From: 'from', ParentCallSid: 'parent_call_sid', Status: 'status' },
        dates: { StartTime: 'start_time', EndTime: 'end_time' },
    },
    messages: { path: 'Messages', prefix: 'SM', equal: { To: 'to', From: 'from' }, dates: { DateSent: 'date_sent' } },
    recordings: {
        path: 'Recordings', prefix: 'RE', equal: { CallSid: 'call_sid', ConferenceSid: 'conference_sid' },
        dates: { DateCreated: 'date_created' },
    },
};
const dates = ['date_created', 'date_updated', 'date_sent', 'start_time', 'end_time'];

const state = {};

function clear() {
    state.accounts = new Map(); // by AC…: { token, keys: { SK…: secret } }
    state.rows = { calls: new Map(), messages: new Map(), recordings: new Map() }; // by sid, the oldest first
    state.requests = [];
    state.faults = [];
    state.delay = 0; // milliseconds ahead of each answer
}

// --- Rows ---------------------------------------------------------------------------------------------------------

const now = () => Math.floor(Date.now() / 1000);
const sidOf = (prefix) => prefix + randomBytes(16).toString('hex');
const dateOf = (second) => new Date(second * 1000).toUTCString().replace('GMT', '+0000');

// A row with what Twilio's have, in its order; dates are seconds since 1970, or null.
function rowOf(kind, given) {
    const sid = given.sid ?? sidOf(kinds[kind].prefix);
    const second = given.date_created ?? now();
    const uri = `${api}/${given.account_sid}/${kinds[kind].path}/${sid}`;
    const below = (...names) => Object.fromEntries(names.map((name) => [name.toLowerCase(), `${uri}/${name}.json`]));
    const row = { sid, account_sid: given.account_sid, api_version: '2010-04-01', date_created: second,
        date_updated: second, price: null, price_unit: 'USD', uri: `${uri}.json` };

    if (kind === 'calls') {
        const started = given.status !== 'queued';
        Object.assign(row, {
            parent_call_sid: null, to: '+12025550100', from: '+12025550199', phone_number_sid: null,
            status: 'completed', start_time: started ? second : null, end_time: null, duration: null,
            direction: 'outbound-api', answered_by: null, annotation: null, forwarded_from: null, group_sid: null,
            caller_name: null, queue_time: '0', trunk_sid: null,
            subresource_uris: below('Notifications', 'Recordings', 'Payments', 'Events'),
        }, given);
        if (finished.test(row.status)) {
            row.duration ??= '0';
            row.end_time ??= row.start_time;
        }
        row.to_formatted ??= row.to;
        row.from_formatted ??= row.from;
    } else if (kind === 'messages') {
        const sent = !/^(queued|accepted|scheduled|canceled)$/.test(given.status ?? 'delivered');
        Object.assign(row, {
            body: '', num_segments: '1', direction: 'outbound-api', from: '+12025550199', to: '+12025550100',
            date_sent: sent ? second : null, error_message: null, error_code: null, num_media: '0',
            status: 'delivered', messaging_service_sid: null, subresource_uris: below('Media'),
        }, given);
    } else {
        Object.assign(row, {
            call_sid: null, conference_sid: null, channels: 2, start_time: second, duration: '1',
            source: 'OutboundAPI', status: 'completed', error_code: null, encryption_details: null,
            media_url: `https://api.twilio.com${uri}`, subresource_uris: below('AddOnResults', 'Transcriptions'),
        }, given);
    }
    return { ...row, sid };
}

function put(kind, given) {
    const row = rowOf(kind, given);
    state.rows[kind].set(row.sid, row);
    return row;
}

// As Twilio shows it.
function shown(row) {
    const copy = { ...row };
    for (const name of dates)
        if (typeof copy[name] === 'number')
            copy[name] = dateOf(copy[name]);
    return copy;
}

function change(row, fields) {
    Object.assign(row, fields, { date_updated: now() });
    if (row.sid.startsWith('CA') && finished.test(row.status) && row.end_time === null) {
        row.end_time = now();
        row.duration = row.start_time === null ? '0' : String(row.end_time - row.start_time);
    }
    return row;
}

// --- Answers ------------------------------------------------------------------------------------------------------

function answer(response, status, value, headers = {}) {
    const text = value === undefined ? '' : JSON.stringify(value);
    response.writeHead(status, { 'Content-Type': 'application/json;charset=utf-8', ...headers,
        ...(status === 204 ? {} : { 'Content-Length': Buffer.byteLength(text) }), 'Twilio-Request-Id': sidOf('RQ') });
    response.end(text);
}

function refuse(response, status, code, message, headers) {
    answer(response, status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }, headers);
}

function missing(request, response) {
    refuse(response, 404, 20404, `The requested resource ${request.path} was not found`);
}

// Whether Basic credentials are the account's: AC:token, or SK:secret.
function isAllowed(request, account) {
    const given = request.headers.authorization ?? '';
    const text = Buffer.from(given.replace(/^Basic /i, ''), 'base64').toString();
    const user = text.slice(0, text.indexOf(':'));
    const password = text.slice(text.indexOf(':') + 1);
    const known = state.accounts.get(account);

    if (!/^Basic /i.test(given) || !known || password === '')
        return false;
    return user === account ? password === known.token : password === known.keys[user];
}

// Whether a row's date is within a filter's value, of a day or a second: `<` on or before, `>` on or after.
function isWithin(second, sign, value) {
    const from = Date.parse(value) / 1000;
    const to = /^\d{4}-\d{2}-\d{2}$/.test(value) ? from + 86399 : from;

    if (second === null || Number.isNaN(from))
        return false;
    return (sign === '<' || second >= from) && (sign === '>' || second <= to);
}

function isListed(kind, row, query) {
    return [...query].every(([name, value]) => {
        const [, filter, sign] = /^(\w+)([<>]?)$/.exec(name) ?? [];
        if (kinds[kind].dates[filter])
            return isWithin(row[kinds[kind].dates[filter]], sign, value);
        return !kinds[kind].equal[filter] || row[kinds[kind].equal[filter]] === value;
    });
}

// A page, the newest row first. What follows it begins behind its last row, whatever has come since.
function list(request, response, kind, account, narrowed = {}) {
    const query = new URLSearchParams(request.query);
    for (const [name, value] of Object.entries(narrowed))
        query.set(name, value);
    const size = Math.min(Number(query.get('PageSize') ?? 50), 1000);
    const page = Number(query.get('Page') ?? 0);
    const token = query.get('PageToken');
    const rows = [...state.rows[kind].values()].filter((row) => row.account_sid === account && isListed(kind, row, query))
        .sort((one, other) => other.date_created - one.date_created);

    if (!(size >= 1) || !(page >= 0))
        return refuse(response, 400, 20001, 'Page size must be a number from 1 to 1000');
    const start = token ? rows.findIndex((row) => row.sid === token.slice(2)) + 1 : page * size;
    const part = rows.slice(start, start + size);
    const uri = (number, last) => {
        const asked = new URLSearchParams(request.query);
        asked.delete('PageToken');
        asked.set('PageSize', size);
        asked.set('Page', number);
        if (last)
            asked.set('PageToken', `PA${last.sid}`);
        return `${request.path}?${asked}`;
    };
    return answer(response, 200, {
        first_page_uri: uri(0), end: page * size + part.length - 1,
        previous_page_uri: page > 0 ? uri(page - 1, rows[start - size - 1]) : null,
        [kind]: part.map(shown), uri: request.path + (request.query ? `?${request.query}` : ''), page_size: size,
        start: page * size, next_page_uri: start + size < rows.length ? uri(page + 1, part.at(-1)) : null, page,
    });
}

function create(request, response, kind, account) {
    const form = new URLSearchParams(request.body);
    const want = (code, message, ...names) => {
        if (names.some((name) => form.get(name)))
            return true;
        refuse(response, 400, code, message);
        return false;
    };
    const common = { account_sid: account, to: form.get('To'), from: form.get('From'), status: 'queued' };

    if (kind === 'calls') {
        if (!want(21201, "No 'To' number is specified", 'To') || !want(21213, "No 'From' number is specified", 'From')
            || !want(21205, 'Url parameter is required', 'Url', 'Twiml', 'ApplicationSid'))
            return undefined;
        return answer(response, 201, shown(put(kind, common)));
    }
    if (!want(21604, "A 'To' phone number is required.", 'To')
        || !want(21603, "A 'From' phone number is required.", 'From', 'MessagingServiceSid')
        || !want(21602, 'Message body is required.', 'Body', 'MediaUrl', 'ContentSid'))
        return undefined;
    return answer(response, 201, shown(put(kind, {
        ...common, body: form.get('Body') ?? '', num_media: String(form.getAll('MediaUrl').length),
        status: form.get('MessagingServiceSid') ? 'accepted' : 'queued', messaging_service_sid: form.get('MessagingServiceSid'),
    })));
}

function update(request, response, row) {
    const form = new URLSearchParams(request.body);
    const status = form.get('Status');
    const body = row.sid.startsWith('SM') && form.has('Body') ? { body: form.get('Body') } : {};

    if (status && finished.test(row.status))
        return refuse(response, 400, 21220, 'Unable to update record. Call is not in-progress. Cannot redirect.');
    return answer(response, 200, shown(change(row, status ? { ...body, status } : body)));
}

// The media of a recording: state.media bytes that tell where they are, by Range too.
function media(request, response, type) {
    const size = state.media ?? 65536;
    const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const from = first === undefined ? 0 : first === '' ? Math.max(size - Number(last), 0) : Number(first);
    const to = !first || !last ? size - 1 : Math.min(Number(last), size - 1);
    const common = { 'Content-Type': type, 'Accept-Ranges': 'bytes' };

    if (from > to)
        return response.writeHead(416, { ...common, 'Content-Range': `bytes */${size}`, 'Content-Length': 0 }).end();
    response.writeHead(first === undefined ? 200 : 206, { ...common, 'Content-Length': to - from + 1,
        ...(first === undefined ? {} : { 'Content-Range': `bytes ${from}-${to}/${size}` }) });
    return response.end(request.method === 'HEAD' ? '' : Buffer.from(Uint8Array.from({ length: to - from + 1 },
        (_, n) => (from + n) % 251)));
}

function serve(request, response) {
    const [, account, path, sid, below, belowSid, extension] =
        /^\/2010-04-01\/Accounts\/(AC\w+)\/(\w+)(?:\/(\w+))?(?:\/(\w+))?(?:\/(\w+))?(\.\w+)?$/.exec(request.path) ?? [];
    const kind = Object.keys(kinds).find((name) => kinds[name].path === path);
    const row = kind && sid && state.rows[kind].get(sid);

    if (!isAllowed(request, account))
        return refuse(response, 401, 20003, 'Authenticate', { 'WWW-Authenticate': 'Basic realm="Twilio API"' });
    if (!kind || (sid && row?.account_sid !== account))
        return missing(request, response);
    if (kind === 'recordings' && sid && !below && ['GET', 'HEAD'].includes(request.method) && extension !== '.json')
        return media(request, response, extension === '.mp3' ? 'audio/mpeg' : 'audio/x-wav');
    if (extension !== '.json')
        return missing(request, response);
    if (kind === 'calls' && below === 'Recordings')
        return recordings(request, response, account, row, belowSid);
    if (kind === 'messages' && below === 'Media' && request.method === 'GET' && !belowSid)
        return answer(response, 200, { media_list: [], next_page_uri: null, page: 0, page_size: 50, uri: request.path });
    if (below)
        return missing(request, response);
    if (['GET', 'HEAD'].includes(request.method))
        return sid ? answer(response, 200, shown(row)) : list(request, response, kind, account);
    if (request.method === 'POST' && (sid || kind !== 'recordings'))
        return sid ? update(request, response, row) : create(request, response, kind, account);
    if (request.method === 'DELETE' && sid) {
        state.rows[kind].delete(sid);
        return answer(response, 204);
    }
    return refuse(response, 405, 20004, 'Method not allowed');
}

// Those of a call: listed, started, fetched, paused and stopped.
function recordings(request, response, account, call, sid) {
    const row = sid && state.rows.recordings.get(sid);

    if (sid && row?.call_sid !== call.sid)
        return missing(request, response);
    if (request.method === 'GET')
        return sid ? answer(response, 200, shown(row)) : list(request, response, 'recordings', account, { CallSid: call.sid });
    if (request.method !== 'POST')
        return refuse(response, 405, 20004, 'Method not allowed');
    if (sid)
        return update(request, response, row);
    return answer(response, 201, shown(put('recordings', { account_sid: account, call_sid: call.sid, duration: null,
        source: 'StartCallRecordingAPI', status: 'in-progress' })));
}

// --- Faults -------------------------------------------------------------------------------------------------------

// The answer as it would be, for a fault that needs it: the whole text of an answer without HTTP's chunks.
function recorded(request) {
    const parts = { head: {}, body: '' };
    serve(request, {
        writeHead(status, headers) {
            Object.assign(parts, { status, head: headers });
            return this;
        },
        end(text) {
            parts.body = Buffer.from(text ?? '');
        },
    });
    const head = Object.entries(parts.head).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return { ...parts, text: Buffer.concat([Buffer.from(`HTTP/1.1 ${parts.status} Stub\r\n${head}\r\n`), parts.body]) };
}

// Writes bytes for as long as somebody reads, up to so many.
function pour(socket, piece, most) {
    let sent = 0;
    const more = () => {
        while (sent < most && !socket.destroyed) {
            sent += piece.length;
            if (!socket.write(piece))
                return;
        }
        if (!socket.destroyed)
            socket.end();
    };
    socket.on('drain', more);
    more();
}

const faults = {
    // Answers fault.status, with its headers and its body (a text, or a value that becomes JSON).
    answer(fault, request, response) {
        const text = typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body ?? { code: fault.code ?? 20500,
            message: 'Stub', more_info: 'https://www.twilio.com/docs/errors/20500', status: fault.status });
        response.writeHead(fault.status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text),
            ...fault.headers });
        response.end(text);
    },
    // Changes members of the answer: fault.members. `$` in a text stands for the member as it was.
    members(fault, request, response) {
        const value = JSON.parse(recorded(request).body);
        for (const [name, member] of Object.entries(fault.members))
            value[name] = typeof member === 'string' ? member.replace('$', () => value[name]) : member;
        answer(response, 200, value);
    },
    // Sends fault.bytes of the answer (half of it, unless told), and breaks the connection, or says nothing more.
    break(fault, request, response) {
        const { text } = recorded(request);
        response.socket.write(text.subarray(0, fault.bytes ?? text.length / 2), () => response.socket.destroy());
    },
    stall(fault, request, response) {
        const { text } = recorded(request);
        response.socket.write(text.subarray(0, fault.bytes ?? text.length / 2));
    },
    // Sends fault.text as it is, then fault.piece again and again, up to fault.most bytes, and closes.
    raw(fault, request, response) {
        response.socket.write(fault.text ?? '');
        pour(response.socket, Buffer.from(fault.piece ?? ''), fault.piece ? fault.most : 0);
    },
};

// The first fault that is for the request: its match is a pattern of "METHOD path?query"; it passes over fault.skip such
// requests, and happens fault.times (1; 0: always).
function faultOf(request) {
    const fault = state.faults.find((one) => new RegExp(one.match ?? '').test(`${request.method} ${request.url}`));

    if (!fault || (fault.skip ?? 0) > 0) {
        if (fault)
            fault.skip--;
        return null;
    }
    fault.times = (fault.times ?? 1) - 1;
    if (fault.times === 0)
        state.faults.splice(state.faults.indexOf(fault), 1);
    return fault;
}

// --- The test's orders ----------------------------------------------------------------------------------------------

const orders = {
    clear,
    account({ sid, token, keys }) {
        state.accounts.set(sid, { token, keys: keys ?? {} });
    },
    // Rows of a kind: [{ account_sid, … }]; returns them.
    put({ kind, rows }) {
        return rows.map((row) => shown(put(kind, row)));
    },
    // So many of a kind, one a second up to the second `until`; texts of `row` may hold %d.
    fill({ kind, count, until, row }) {
        for (let n = 0; n < count; n++) {
            const given = Object.entries(row).map(([name, value]) =>
                [name, typeof value === 'string' ? value.replace('%d', n) : value]);
            put(kind, { date_created: (until ?? now()) - count + 1 + n, ...Object.fromEntries(given) });
        }
    },
    change({ kind, sid, fields }) {
        return shown(change(state.rows[kind].get(sid), fields));
    },
    remove({ kind, sid }) {
        state.rows[kind].delete(sid);
    },
    rows({ kind }) {
        return [...state.rows[kind].values()].map(shown);
    },
    requests() {
        return state.requests.splice(0);
    },
    faults(list) {
        state.faults = list;
    },
    set({ delay, media: size }) {
        state.delay = delay ?? state.delay;
        state.media = size ?? state.media;
    },
};

// --- Servers --------------------------------------------------------------------------------------------------------

function read(request, then) {
    const parts = [];
    request.on('data', (part) => parts.push(part)).on('end', () => then(Buffer.concat(parts).toString()));
}

function isOnce(request, name) {
    return request.rawHeaders.filter((header, n) => n % 2 === 0 && header.toLowerCase() === name).length === 1;
}

function answerOne(request, response) {
    read(request, (body) => {
        const [path, ...query] = request.url.split('?');
        Object.assign(request, { path, query: query.join('?'), body });
        state.requests.push({ method: request.method, url: request.url, headers: request.rawHeaders, body,
            secure: Boolean(request.socket.encrypted), time: Date.now() / 1000 });
        if (request.headers.authorization !== undefined && !isOnce(request, 'authorization'))
            return refuse(response, 400, 20001, 'More than one Authorization');
        const fault = faultOf(request);
        return setTimeout(() => (fault ? faults[fault.fault](fault, request, response) : serve(request, response)),
            fault?.delay ?? state.delay);
    });
}

function obey(request, response) {
    read(request, (body) => {
        try {
            answer(response, 200, orders[request.url.slice(1)](JSON.parse(body || 'null')) ?? null);
        } catch (error) {
            answer(response, 500, String(error.stack));
        }
    });
}

function listen(server) {
    server.keepAliveTimeout = 60_000;
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

clear();
process.on('uncaughtException', (error) => process.stderr.write(`${error.stack}\n`)); // a client that goes away is none
process.stdin.on('data', () => {}).on('end', () => process.exit(0));
const [certificate, key] = process.argv.slice(2);
const ports = {
    http: await listen(http.createServer(answerOne)),
    https: await listen(https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, answerOne)),
    control: await listen(http.createServer(obey)),
};
process.stdout.write(`${JSON.stringify(ports)}\n`);
