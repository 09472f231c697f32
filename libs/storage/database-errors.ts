import { codeOf, messageOf, StorageError } from './storage-error.ts';

/** What a PostgreSQL error means to whoever runs Airtune; codes from PostgreSQL's appendix A and Node's `net`. */
const EXPLANATIONS: readonly {
  readonly codes: readonly string[];
  readonly code: string;
  readonly retryable?: boolean;
  readonly explain: (database: string, detail: string) => string;
}[] = [
  {
    codes: ['28P01', '28000', '28P00'],
    code: 'storage.database-credentials',
    explain: (database, detail) => `${database} refused user or password (${detail}). Correct DATABASE_URL.`,
  },
  {
    codes: ['3D000'],
    code: 'storage.database-missing',
    explain: (database, detail) => `${database} does not exist (${detail}). Create it, or correct DATABASE_URL.`,
  },
  {
    codes: ['42501'],
    code: 'storage.database-permission',
    explain: (database, detail) =>
      `${database} does not let this user do what is needed (${detail}). Airtune creates its schema "airtune" there; where DATABASE_URL names the services' user, AIRTUNE_DATABASE_OWNER_URL names the schema's owner.`,
  },
  {
    codes: ['25006'],
    code: 'storage.database-read-only',
    retryable: true,
    explain: (database) =>
      `${database} is read-only: a standby, or made so by its administrator. Name its primary by DATABASE_URL, or let it be written to (default_transaction_read_only); nothing that was finished is lost.`,
  },
  {
    codes: ['53100'],
    code: 'storage.disk-full',
    retryable: true,
    explain: (database, detail) =>
      `${database} has no disk space left (${detail}). Free some space and resume; nothing that was finished is lost.`,
  },
  {
    codes: ['58030', '53200', '57014', '40001', '40P01', '55P03'],
    code: 'storage.database-hindered',
    retryable: true,
    explain: (database, detail) =>
      `${database} could not do what was asked (${detail}). Its log says more; what was asked is tried again.`,
  },
  {
    codes: ['53300', '55000'],
    code: 'storage.database-busy',
    retryable: true,
    explain: (database, detail) =>
      `${database} takes no connection just now (${detail}). Raise max_connections or its connection limit, allow connections to it, or wait.`,
  },
];

const UNREACHABLE =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ECONNRESET|EPIPE|57P01|57P02|57P03|08\w{3})$/;
const BROKEN_OFF =
  /connection terminated|timeout expired|connection timeout|client has encountered a connection error/i;

/**
 * The error of a database in words that name cause and cure; errors of other origin pass unchanged. A database that was
 * `open` already has let its user in: whatever it says of itself from then on may pass without a change of settings.
 */
export function explainDatabaseError(error: unknown, database: string, was: 'opening' | 'open' = 'opening'): unknown {
  if (error instanceof StorageError) return error;
  const code = codeOf(error) ?? '';
  const detail = messageOf(error) || code;
  const known = EXPLANATIONS.find(({ codes }) => codes.includes(code));
  if (known !== undefined)
    return new StorageError(known.code, known.explain(database, detail), {
      retryable: was === 'open' || (known.retryable ?? false),
      cause: error,
    });
  if (UNREACHABLE.test(code) || BROKEN_OFF.test(detail))
    return new StorageError(
      'storage.database-unreachable',
      `${database} cannot be reached (${detail}). See that it runs and that DATABASE_URL is right; then resume.`,
      { retryable: true, cause: error },
    );
  return error;
}

/** A database by its address, without user and password. */
export function describeDatabase(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `The database ${pathname.slice(1) || 'postgres'} at ${hostname || 'localhost'}:${port || '5432'}`;
  } catch {
    return 'The database';
  }
}
