import type { ClosingFigures } from '#storage';
import pg from 'pg';

/** What a run came to, in all that may not depend on what died on the way. */
export interface Outcome {
  readonly state: string;
  readonly globalDigest: string;
  readonly personalDigests: readonly string[];
  readonly contributions: readonly string[];
  readonly transmissions: readonly string[];
  readonly evaluations: readonly string[];
  readonly profiles: readonly string[];
  readonly roundEndings: readonly string[];
  readonly deadLetters: readonly string[];
}

/** Reads an experiment's outcome from the record, where each line stands once. */
export async function readOutcome(
  databaseUrl: string,
  experiment: string,
  state: string,
  figures: ClosingFigures,
): Promise<Outcome> {
  const lines = (sql: string): Promise<string[]> => queryLines(databaseUrl, sql, experiment);
  return {
    state,
    globalDigest: figures.globalDigest,
    personalDigests: figures.clients.map(({ client, personalDigest }) => `${client} ${String(personalDigest)}`),
    contributions: await lines(
      `SELECT concat_ws(' ', round, client, verdict, digest, weight, reason_code) AS line FROM airtune.contribution
       WHERE experiment_id = $1 ORDER BY round, client, verdict`,
    ),
    transmissions: await lines(
      `SELECT concat_ws(' ', round, client, direction, bits, delay_ms, outcome) AS line FROM airtune.transmission
       WHERE experiment_id = $1 ORDER BY round, client, direction`,
    ),
    evaluations: await lines(
      `SELECT concat_ws(' ', client, after_round, arm, shared_digest, personal_digest, unmeasured_reason, untuned_reason) AS line FROM airtune.evaluation
       WHERE experiment_id = $1 ORDER BY after_round, client, arm`,
    ),
    profiles: await lines(
      `SELECT concat_ws(' ', client, version, effective_from_round, lora_alpha) AS line FROM airtune.client_profile
       WHERE experiment_id = $1 ORDER BY client, version`,
    ),
    roundEndings: await lines(
      `SELECT concat_ws(' ', number, stage, timed_out, missing_clients, global_after_digest) AS line FROM airtune.round
       WHERE experiment_id = $1 ORDER BY number`,
    ),
    deadLetters: await lines(
      `SELECT concat_ws(' ', service, contract, reason_code) AS line FROM airtune.dead_letter WHERE experiment_id = $1`,
    ),
  };
}

/** The column `line` of a query with one parameter. */
export async function queryLines(databaseUrl: string, sql: string, parameter: string): Promise<string[]> {
  const db = new pg.Client({ connectionString: databaseUrl });
  // A server that is killed ends connections; whoever asks hears of it by the query.
  db.on('error', () => undefined);
  await db.connect();
  try {
    const { rows } = await db.query<{ line: string }>(sql, [parameter]);
    return rows.map(({ line }) => line);
  } finally {
    await db.end();
  }
}
