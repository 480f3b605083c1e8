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

// Errors are alike for all operations: a line for each code is enough, unless somebody wants to see one as a whole.
const briefErrors = (Response, { React }) =>
  function BriefError(props) {
    const [isOpen, setOpen] = React.useState(false);
    if (!(props.code >= 400)) {
      return React.createElement(Response, props);
    }
    const brief = props.response.delete("content").delete("headers");
    const button = {
      type: "button",
      className: "response-more",
      "aria-expanded": isOpen,
      "aria-label": `${props.code}: ${isOpen ? "less" : "example and headers"}`,
      onClick: () => setOpen(!isOpen),
    };
    return React.createElement(
      React.Fragment,
      null,
      React.createElement(Response, { ...props, response: isOpen ? props.response : brief }),
      React.createElement(
        "tr",
        { className: "response-more-row" },
        React.createElement("td"),
        React.createElement("td", null, React.createElement("button", button, isOpen ? "Less" : "Example and headers")),
      ),
    );
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
      wrapComponents: { response: briefErrors },
    }),
  ],
  onComplete() {
    document.title = viewer.specSelectors.info().get("title");
  },
});
