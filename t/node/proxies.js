// SPDX-License-Identifier: Apache-2.0
//
// Usage: node t/node/proxies.js DOCUMENT UPSTREAM STRICT LENIENT
//
// Two proxies of Prism on ports of 127.0.0.1, each as `prism proxy --errors --cors false --verboseLevel error` makes one:
// STRICT judges requests and answers, LENIENT answers alone. In one process, for to load Prism takes longer than most of
// what it judges.

import prism from '@stoplight/prism-cli/dist/util/createServer.js';

const [document, upstream, strict, lenient] = process.argv.slice(2);

for (const [port, validateRequest] of [[strict, true], [lenient, false]])
    await prism.createSingleProcessPrism({
        document,
        upstream: new URL(upstream),
        host: '127.0.0.1',
        port: Number(port),
        validateRequest,
        errors: true,
        cors: false,
        verboseLevel: 'error',
    });
