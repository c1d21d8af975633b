// Try-it page of the API. The token box is Swagger UI's own Authorize dialogue.
window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null, // nothing leaves this machine
  defaultModelsExpandDepth: 0,
});
