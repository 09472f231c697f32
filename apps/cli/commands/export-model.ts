import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { digestCheckpoint, type BasePrecision } from '#language-models';
import { findExperiment, clientFigures, type ClientFigures } from '#storage';
import { openClientModel, type ClientModel } from '../../trainer/open-client-model.ts';
import { experimentFolder } from '../../trainer/site-folders.ts';
import { CliError } from '../cli-error.ts';
import { inRecord } from '../history/in-record.ts';
import type { Console } from '../progress/console.ts';
import { CoordinatorClient, type CoordinatorAddress } from '../remote/coordinator-client.ts';
import type { ExportOptions } from '../program/models.ts';
import { bytes } from '../progress/figures.ts';
import type { Settings } from '../settings.ts';
import { exportPrecision } from './export-precision.ts';
import { writeClientModel, type Written } from './write-client-model.ts';

/** Writes the personalised model of one client from its site's disk; the base comes from the spec's model folder. */
export async function exportModel(
  experiment: string,
  options: ExportOptions,
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
  console: Console,
): Promise<void> {
  const { site, basePrecision } = enrolled(
    experiment,
    options.client,
    await clientsOf(experiment, settings, coordinator),
  );
  if (!existsSync(experimentFolder(settings.home, site, experiment))) {
    throw new CliError(
      'export.other-site',
      `the model of ${options.client} is at the site ${site} and does not leave it: run \`airtune export ${experiment} --client ${options.client} --out …\` there, with the site's AIRTUNE_HOME (here it is ${settings.home})`,
    );
  }
  const model = await openClientModel(settings.home, site, experiment, options.client);
  const { modelFolder } = model;
  if ((await digestCheckpoint(modelFolder)) !== model.baseDigest) {
    throw new CliError(
      'export.other-base',
      `${modelFolder} no longer holds the base that ${experiment} was run on (${model.baseDigest}): put the same files back.`,
    );
  }
  const out = resolve(options.out);
  const precision = await exportPrecision(basePrecision, options.precision);
  const { files, modelBytes, hint } = await writeClientModel(out, model, { precision, overwrite: options.force });
  console.stdout.write(
    `${options.client} of ${experiment} ${momentOf(model)}, in ${out}:\n${files.map((file) => `  ${file}`).join('\n')}\n` +
      `model.onnx computes its base ${describePrecision(precision, basePrecision)}: ${describeSize(modelBytes)}\n` +
      `try: airtune ${hint(options.out)}\n`,
  );
}

/** In what the base is computed, and whether that is what its client's figures were measured in. */
function describePrecision(precision: BasePrecision, enrolled: string): string {
  const words = { fp32: 'in fp32', int8: 'in int8', 'int8-7-bit': 'in int8 with weights of 7 bits' };
  return precision === enrolled
    ? `${words[precision]}, as it was evaluated`
    : `${words[precision]}, where it was trained and evaluated in ${enrolled}`;
}

function describeSize({ written, inFp32 }: Written['modelBytes']): string {
  return inFp32 === undefined ? bytes(written) : `${bytes(written)}, in fp32 about ${bytes(inFp32)}`;
}

/** As of when a model is what its client holds. */
function momentOf({ spec, round, isOwn }: ClientModel): string {
  if (isOwn) return 'as it tuned for itself after the last download';
  return round > spec.rounds ? 'as at the last evaluation' : `as after round ${round}`;
}

async function clientsOf(
  experiment: string,
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
): Promise<readonly ClientFigures[]> {
  if (coordinator !== undefined) return new CoordinatorClient(coordinator).clients(experiment);
  return inRecord(settings, (record) =>
    record.use(async (db) => {
      await findExperiment(db, experiment);
      return clientFigures(db, experiment);
    }),
  );
}

/** The client as it enrolled: which site hosts it, and what that computes its base in. */
function enrolled(experiment: string, client: string, clients: readonly ClientFigures[]): ClientFigures {
  const found = clients.find((one) => one.client === client);
  if (found !== undefined) return found;
  const names = clients.map((one) => one.client).join(', ') || 'none has enrolled yet';
  throw new CliError('export.client-unknown', `${experiment} has no client "${client}"; its clients: ${names}.`);
}
