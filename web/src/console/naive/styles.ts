/**
 * Takes the styles that Naive UI makes while it runs. In place of `<style>` elements, which the
 * pages' content security policy refuses, they are constructed style sheets (CSSOM), which only a
 * program can make that runs already. The bundler puts this in the place of `@css-render/vue3-ssr`:
 * its adapter is how css-render hands styles over.
 */

const ids = new Set<string>();

function adapter(id: string, style: string): void {
  if (ids.has(id)) return;
  ids.add(id);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets.push(sheet);
}

export const useSsrAdapter = () => ({ adapter, context: { ids } });
