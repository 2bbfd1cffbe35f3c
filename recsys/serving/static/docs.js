// The API page: Swagger UI on the description of this service. Addresses are relative, as the service may stand
// behind a proxy with a path of its own.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true, // #/recommendations/recommend_recommend_post opens an endpoint
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null, // the validator is on the network
});
