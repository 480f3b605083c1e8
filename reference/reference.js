// SPDX-License-Identifier: Apache-2.0
//
// Shows the API's OpenAPI document. An API key that is entered stays in this page's memory: reloading forgets it.
"use strict";

const page = document.getElementById("reference");

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
follow();
dark.addEventListener("change", follow);

// One way to send a key: two at a time would be refused.
const first = (object) => Object.fromEntries(Object.entries(object ?? {}).slice(0, 1));
const oneWay = (document) => {
  document.components.securitySchemes = first(document.components.securitySchemes);
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path)) {
      operation.security &&= operation.security.slice(0, 1);
    }
  }
  return document;
};

const viewer = SwaggerUIBundle({
  url: page.dataset.document,
  domNode: page,
  layout: "BaseLayout",
  persistAuthorization: false, // true would write keys into localStorage
  queryConfigEnabled: false, // the page's address chooses no other document
  validatorUrl: null, // no other server learns of the document
  deepLinking: true,
  displayRequestDuration: true,
  syntaxHighlight: { theme: "monokai" }, // the default's red is hard to read
  defaultModelsExpandDepth: 0,
  plugins: [
    () => ({
      statePlugins: { spec: { wrapActions: { updateJsonSpec: (update) => (document) => update(oneWay(document)) } } },
    }),
  ],
  onComplete() {
    document.title = viewer.specSelectors.info().get("title");
  },
});
