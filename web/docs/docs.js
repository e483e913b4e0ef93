// Swagger UI over the document of this very server. Nothing is asked of another host, and tokens typed in are forgotten with the page.
const dark = window.matchMedia('(prefers-color-scheme: dark)');
const show = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
show();
dark.addEventListener('change', show);

window.SwaggerUIBundle({
  url: 'openapi.json',
  domNode: document.getElementById('api'),
  presets: [window.SwaggerUIBundle.presets.apis],
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  withCredentials: false,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
});
