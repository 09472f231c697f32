import { EXIT } from '#operations';
import { holderOf } from '#storage';
import type { Console } from '../progress/console.ts';
import type { Settings } from '../settings.ts';
import { describeParts } from '../up/describe-parts.ts';
import { readUpState, type UpState } from '../up/up-state.ts';

/** `airtune status`: what `airtune up` runs in this home, and what of it is not ready and why. Answers the exit code. */
export async function status(
  options: { readonly json: boolean },
  settings: Settings,
  console: Console,
): Promise<number> {
  const state = await runningUp(settings.home);
  if (state === undefined) {
    if (options.json) console.stdout.write(`${JSON.stringify({ running: false })}\n`);
    else console.stdout.write(`nothing runs in ${settings.home}; \`airtune up\` starts the services\n`);
    return EXIT.failed;
  }
  const parts = await Promise.all(
    state.parts.map(async (part) => ({
      ...part,
      state: part.state === 'running' ? await readiness(part) : part.state,
    })),
  );
  const ready = parts.every((part) => part.state === 'ready' || part.state === 'running');
  if (options.json) console.stdout.write(`${JSON.stringify({ running: true, ready, ...state, parts })}\n`);
  else console.stdout.write(`${describeParts(parts)}\n\nsince ${state.startedAt}, process ${state.pid}\n`);
  return ready ? EXIT.success : EXIT.failed;
}

/** The state that a living `up` has left; undefined when none lives. */
export async function runningUp(home: string): Promise<UpState | undefined> {
  const [state, holder] = [await readUpState(home), await holderOf(home)];
  return state !== undefined && state.pid === holder?.pid ? state : undefined;
}

/** Services answer for themselves; broker and database run, or `up` would say otherwise. */
async function readiness({ address }: UpState['parts'][number]): Promise<string> {
  if (address?.startsWith('http') !== true) return 'running';
  try {
    const answer = await fetch(`${address}/health/ready`, { signal: AbortSignal.timeout(3000) });
    const { missing } = (await answer.json()) as { missing: { what: string; why: string }[] };
    return answer.ok ? 'ready' : missing.map(({ what, why }) => `${what}: ${why}`).join('; ');
  } catch {
    return 'does not answer';
  }
}
