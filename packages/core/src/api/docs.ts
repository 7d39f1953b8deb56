/** Where the pages are that messages refer to: `homepage` of package.json says where the project is. */
const DOCS = 'https://github.com/graceful-cluster/graceful-cluster/blob/main/docs';

/** The address of a section: `errors.md#err_graceful_too_late`. */
export function docsLink(section: string): string {
  return `${DOCS}/${section}`;
}
