// Shows the OpenAPI document of a function with Swagger UI, which the package of the extra `swagger` brings.

const [choice, link, docs] = ["function", "document", "docs"].map((id) => document.getElementById(id));
const { functions } = await (await fetch("/_local/functions")).json();
const wanted = new URLSearchParams(location.search).get("function");
const chosen = functions.find(({ name }) => name === wanted) ?? functions[0];
const url = `/_local/functions/${encodeURIComponent(chosen.name)}/openapi.json`;

link.href = url;
document.title = `API of ${chosen.name} · iris-model`;
choice.replaceChildren(...functions.map(({ name }) => new Option(name, name, false, name === chosen.name)));
choice.hidden = choice.previousElementSibling.hidden = functions.length < 2;
choice.addEventListener("change", () => { location.search = new URLSearchParams({ function: choice.value }); });

const response = await fetch(url);
const found = await response.json();
if (response.ok) {
  SwaggerUIBundle({ spec: found, domNode: docs, docExpansion: "list", defaultModelsExpandDepth: 0, tryItOutEnabled: true, validatorUrl: null });
} else {
  docs.textContent = found.detail;
  docs.className = "problem";
}
