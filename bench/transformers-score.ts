import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Completion } from '#reward-models';
import { CLOCK } from './clock.ts';

export interface TransformersScoring {
  /** Milliseconds for all texts, tokenising included; sorted by length before they are cut into batches, or as they come. */
  run(sorted: boolean): Promise<number>;
  /** Its raw scores. */
  readonly scores: readonly number[];
  close(): void;
}

/** The same reward model in transformers, fp32, in the Python that AIRTUNE_PYTHON names; undefined without one. */
export async function transformersScoring(
  folder: string,
  texts: readonly Completion[],
  threads: number,
): Promise<TransformersScoring | undefined> {
  const python = process.env['AIRTUNE_PYTHON'];
  if (python === undefined || python === '') return undefined;
  const child = spawn(python, ['-c', SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${python} ended before it answered; does it have transformers and onnx?`);
    return line.value;
  };
  const ask = async (line: string): Promise<string> => {
    child.stdin.write(`${line}\n`);
    return answer();
  };
  const scores = JSON.parse(await ask(JSON.stringify({ folder, texts, threads, clock: CLOCK }))) as number[];
  return {
    run: async (sorted) => Number(await ask(sorted ? 'sorted' : 'plain')),
    scores,
    close: () => {
      child.stdin.end();
    },
  };
}

/** Reads the weights out of model.onnx, by our names, into transformers' BertModel and a head of two linear layers. */
const SCRIPT = `
import json, sys, time
import numpy as np, onnx, torch
from onnx import numpy_helper
from transformers import AutoTokenizer, BertConfig, BertModel
c = json.loads(sys.stdin.readline())
torch.set_num_threads(c['threads'])
T = {t.name.removesuffix('.half'): torch.tensor(numpy_helper.to_array(t).astype(np.float32)) for t in onnx.load(c['folder'] + '/model.onnx').graph.initializer}
vocabulary, hidden = T['embeddings.word'].shape
layers = sum(name.endswith('.intermediate.weight') for name in T)
reward = json.load(open(c['folder'] + '/reward.json'))
model = BertModel(BertConfig(vocab_size=vocabulary, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=4,
    intermediate_size=T['block.0.intermediate.bias'].shape[0], max_position_embeddings=T['embeddings.position'].shape[0],
    type_vocab_size=T['embeddings.type'].shape[0], layer_norm_eps=1e-12), add_pooling_layer=False).eval()
P = dict(model.named_parameters())
def put(ours, theirs, transposed=False):
    if ours in T: P[theirs].data = T[ours].t().contiguous() if transposed else T[ours]
    else: P[theirs].data.zero_()
def linear(ours, theirs): put(ours + '.weight', theirs + '.weight', True); put(ours + '.bias', theirs + '.bias')
def norm(ours, theirs): put(ours + '.weight', theirs + '.weight'); put(ours + '.bias', theirs + '.bias')
for ours, theirs in (('word', 'word_embeddings'), ('position', 'position_embeddings'), ('type', 'token_type_embeddings')):
    put('embeddings.' + ours, 'embeddings.' + theirs + '.weight')
norm('embeddings.norm', 'embeddings.LayerNorm')
for b in range(layers):
    o, s = f'block.{b}.', f'encoder.layer.{b}.'
    for t in ('query', 'key', 'value'): linear(o + 'attention.' + t, s + 'attention.self.' + t)
    linear(o + 'attention.output', s + 'attention.output.dense'); norm(o + 'attention.norm', s + 'attention.output.LayerNorm')
    linear(o + 'intermediate', s + 'intermediate.dense'); linear(o + 'output', s + 'output.dense'); norm(o + 'output.norm', s + 'output.LayerNorm')
tokenizer = AutoTokenizer.from_pretrained(c['folder'])
pairs = [(t['prompt'], t['completion']) for t in c['texts']]
def score(pairs):
    out = np.zeros(len(pairs), dtype=np.float32)
    for at in range(0, len(pairs), 32):
        part = pairs[at:at + 32]
        x = tokenizer([p for p, _ in part], [a for _, a in part], padding=True, truncation=True, max_length=reward['input']['maxTokens'], return_tensors='pt')
        with torch.inference_mode():
            first = model(input_ids=x['input_ids'], attention_mask=x['attention_mask'], token_type_ids=torch.zeros_like(x['input_ids'])).last_hidden_state[:, 0]
            s = torch.tanh(first @ T['head.dense.weight'] + T['head.dense.bias']) @ T['head.output.weight'] + T['head.output.bias']
        out[at:at + 32] = s[:, 0].numpy()
    return out
by_length = sorted(pairs, key=lambda p: len(p[0]) + len(p[1]))
now = time.process_time if c['clock'] == 'cpu' else time.perf_counter
print(json.dumps(score(pairs).tolist()), flush=True)
for line in sys.stdin:
    start = now(); score(by_length if line.strip() == 'sorted' else pairs)
    print((now() - start) * 1000, flush=True)
`;
