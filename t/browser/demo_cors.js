// SPDX-License-Identifier: Apache-2.0
//
// Opens the demo's page of another site at `url`, enters each of `keys`, and tells what the page then shows.
"use strict";

const { open, run } = require("./browser");

run(async (browser, { url, keys }) => {
  const { page, seen } = await open(browser);
  const answers = [];

  await page.goto(url);
  for (const key of keys) {
    await page.evaluate(() => (document.getElementById("answer").textContent = ""));
    await page.locator("#key").fill(key);
    await page.locator("button").click();
    await page.waitForFunction(() => document.getElementById("answer").textContent !== "");
    answers.push(await page.locator("#answer").innerText());
  }
  return { answers, origin: await page.locator("#origin").innerText(), seen };
});
