// SPDX-License-Identifier: Apache-2.0
//
// Shows the API's OpenAPI document. An API key that is entered stays in this page's memory: reloading forgets it.
"use strict";

const page = document.getElementById("reference");

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
follow();
dark.addEventListener("change", follow);

const viewer = SwaggerUIBundle({
  url: page.dataset.document,
  domNode: page,
  layout: "BaseLayout",
  persistAuthorization: false, // true would write keys into localStorage
  queryConfigEnabled: false, // the page's address chooses no other document
  validatorUrl: null, // no other server learns of the document
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  onComplete() {
    document.title = viewer.specSelectors.info().get("title");
  },
});
