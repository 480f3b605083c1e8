// SPDX-License-Identifier: Apache-2.0
//
// What a test's script does with a browser: `run(deed)` calls deed(browser, arguments) with the arguments that
// TenantTest::Browser sent, and prints what it returns, for there to be judged.
"use strict";

const { chromium } = require("playwright-core");

// On a busy machine everything takes its time.
const TIMEOUT = 120_000;

const FLAGS = [
  "--no-sandbox", // needs rights that a test's user may lack; the pages are ours
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage", // /dev/shm is small in containers
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

// A new page in a context of its own, and what it was seen to do: messages on the console, errors of scripts,
// breaches of the policy, and requests: [{ url, method, headers }].
async function open(browser, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const seen = { console: [], errors: [], violations: [], requests: [] };

  page.setDefaultTimeout(TIMEOUT);
  page.on("console", (message) => seen.console.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("request", (request) =>
    seen.requests.push({ url: request.url(), method: request.method(), headers: request.headers() }),
  );
  await page.exposeFunction("noteViolation", (text) => seen.violations.push(text));
  await page.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", (event) =>
      window.noteViolation(`${event.effectiveDirective} ${event.blockedURI}`),
    ),
  );
  return { context, page, seen };
}

// Everything that a page can keep beyond its own life.
async function stored(context, page) {
  const kept = await page.evaluate(async () => ({
    local: { ...localStorage },
    session: { ...sessionStorage },
    databases: (await indexedDB.databases()).map((database) => database.name),
    workers: "serviceWorker" in navigator ? (await navigator.serviceWorker.getRegistrations()).length : 0,
    history: JSON.stringify(history.state),
    name: window.name,
    url: location.href,
  }));
  return { ...kept, cookies: await context.cookies() };
}

async function run(deed) {
  const input = JSON.parse(process.argv[2]);
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS, timeout: TIMEOUT });

  try {
    process.stdout.write(JSON.stringify(await deed(browser, input)));
  } finally {
    await browser.close();
  }
}

module.exports = { open, run, stored };
