// SPDX-License-Identifier: Apache-2.0
//
// From a page at `url`, asks an API of another origin: `requests` is a list of [path, options of fetch()]. What the
// page could read of each answer, or that it could read nothing, comes back.
"use strict";

const { open, run } = require("./browser");

run(async (browser, { url, requests }) => {
  const { page, seen } = await open(browser);

  await page.goto(url);
  const answers = [];
  for (const [target, options] of requests) {
    answers.push(
      await page.evaluate(
        ([target, options]) =>
          // one that asks for a login waits for it for ever
          fetch(target, { signal: AbortSignal.timeout(60_000), ...options }).then(
            async (answer) => ({
              status: answer.status,
              headers: Object.fromEntries(answer.headers),
              body: await answer.text(),
            }),
            (error) => ({ error: error.name }),
          ),
        [target, options],
      ),
    );
  }
  return { answers, origin: new URL(url).origin, seen };
});
