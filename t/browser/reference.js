// SPDX-License-Identifier: Apache-2.0
//
// Opens the reference page at `url`, enters `key`, asks for the latest calls, and reloads. With `screenshots`, a
// folder, it leaves pictures there.
"use strict";

const { open, run, stored } = require("./browser");

const texts = (page, selector) => page.locator(selector).allInnerTexts();

// The operations that the page shows, as "GET /calls".
const operations = (page) =>
  page.locator(".opblock-summary-control").evaluateAll((controls) =>
    controls.map((control) => {
      const path = control.querySelector("[data-path]").dataset.path;
      return `${control.querySelector(".opblock-summary-method").textContent} ${path}`;
    }),
  );

async function enterKey(page, key) {
  await page.locator(".auth-wrapper button.authorize").first().click();
  const form = page.locator(".modal-ux .auth-container");
  const ways = await form.count();
  await form.locator("input").fill(key);
  await form.locator("button.authorize").click();
  await page.locator(".modal-ux button.btn-done").click();
  return ways;
}

async function listCalls(page) {
  const operation = page.locator(".opblock-get").filter({ has: page.locator('[data-path="/calls"]') });
  if (!(await operation.locator(".try-out__btn").count())) {
    await operation.locator(".opblock-summary-control").click();
  }
  await operation.locator(".try-out__btn").click();
  await operation.locator("button.execute").click();
  const answer = operation.locator(".live-responses-table tbody tr").first();
  return {
    status: (await answer.locator(".response-col_status").innerText()).trim(),
    body: await answer.locator(".highlight-code").first().innerText(),
    url: await operation.locator(".request-url pre").innerText(),
  };
}

run(async (browser, { url, key, screenshots, colorScheme }) => {
  const { context, page, seen } = await open(browser, { viewport: { width: 1280, height: 900 }, colorScheme });
  const picture = (name) => screenshots && page.screenshot({ path: `${screenshots}/${name}.png` });
  const result = { seen };

  await page.goto(url);
  await page.locator(".opblock-tag").first().waitFor();
  await page.waitForFunction(() => document.title !== "API reference");
  result.title = await page.title();
  result.tags = await texts(page, ".opblock-tag a");
  result.operations = await operations(page);
  await picture("start");

  result.ways = await enterKey(page, key);
  result.answer = await listCalls(page);
  await picture("answer");
  result.withKey = await stored(context, page);

  await page.setViewportSize({ width: 390, height: 844 });
  result.overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await picture("narrow");

  await page.setViewportSize({ width: 1280, height: 900 });
  result.afterReload = (await page.reload(), await page.locator(".opblock-tag").first().waitFor(), await stored(context, page));
  result.keyInPage = (await page.content()).includes(key);
  result.console = seen.console.splice(0); // what follows is a refusal, which the console tells
  result.answerWithoutKey = await listCalls(page);
  return result;
});
