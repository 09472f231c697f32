/** For a file or folder that need not be there: undefined when it is not. Any other error of reading it is thrown on. */
export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
