// SPDX-License-Identifier: Apache-2.0
//
// Opens the list of calls in the reference page at `url`: how much room its errors take, and what is behind them.
"use strict";

const { open, run } = require("./browser");

run(async (browser, { url, screenshots }) => {
  const { page, seen } = await open(browser, { viewport: { width: 1280, height: 900 } });

  await page.goto(url);
  const operation = page.locator(".opblock-get").filter({ has: page.locator('[data-path="/calls"]') });
  await operation.locator(".opblock-summary-control").click();
  const errors = operation.locator('tr.response[data-code^="4"], tr.response[data-code^="5"]');
  await errors.first().waitFor();
  const box = async (locator) => locator.evaluate((row) => row.getBoundingClientRect().toJSON());
  const result = { seen, statuses: await errors.evaluateAll((rows) => rows.map((row) => row.dataset.code)) };
  const buttons = operation.locator("button.response-more");
  result.height = (await box(buttons.last())).bottom - (await box(errors.first())).top;
  result.texts = await errors.allInnerTexts();
  result.success = await operation.locator('tr.response[data-code="200"] .model-example').count();
  if (screenshots) {
    await operation.locator(".responses-wrapper").screenshot({ path: `${screenshots}/errors.png` });
  }

  result.hidden = await errors.locator(".model-example, .headers-wrapper").count();
  await buttons.first().click();
  await errors.first().locator(".model-example").waitFor();
  result.shown = await errors.locator(".model-example").count();
  result.example = await errors.first().innerText();
  await buttons.first().click();
  await page.waitForFunction(() => !document.querySelector('tr.response[data-code="400"] .model-example'));
  result.names = await buttons.evaluateAll((list) => list.map((button) => button.getAttribute("aria-label")));
  return result;
});
