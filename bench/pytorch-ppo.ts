import { startPython } from './pytorch-process.ts';

interface PyTorchUpdateShape {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly vocabulary: number;
  readonly batch: number;
  readonly prompt: number;
  readonly completion: number;
  readonly epochs: number;
  readonly trainableBlocks: number;
  readonly threads: number;
  readonly clock: 'wall' | 'cpu';
}

/** The same update in PyTorch on transformers' GPT-2, fp32; undefined without a Python that has both. */
export function startPyTorchUpdate(shape: PyTorchUpdateShape) {
  return startPython<'whole' | 'cached'>(SCRIPT, shape);
}

const SCRIPT = `
import json, sys, time
import torch
from transformers import GPT2Config, GPT2LMHeadModel
c = json.loads(sys.argv[1])
torch.set_num_threads(c['threads'])
torch.manual_seed(0)
model = GPT2LMHeadModel(GPT2Config(n_layer=c['layers'], n_embd=c['hidden'], n_head=c['heads'], vocab_size=c['vocabulary'])).eval()
head = torch.nn.Linear(c['hidden'], 1)
B, P, N = c['batch'], c['prompt'], c['completion']
ids = torch.randint(0, c['vocabulary'], (B, P + N))
scores = torch.randn(B)
blocks = model.transformer.h
first = c['layers'] - c['trainableBlocks']
tuned = [p for b in blocks[first:] for p in b.parameters()] + list(head.parameters())
optimiser = torch.optim.AdamW(tuned, lr=1e-5)
anchors = [p.detach().clone() for p in tuned]
reference = [p.detach().clone() for p in tuned]
def through(states, part):
    for block in part:
        out = block(states)
        states = out[0] if isinstance(out, tuple) else out
    return states
def estimates(states, logits):
    lp = torch.log_softmax(logits.float(), -1).gather(-1, ids[:, P:].unsqueeze(-1)).squeeze(-1)
    return lp, head(states).squeeze(-1)
def whole():
    states = model.transformer(ids).last_hidden_state
    return estimates(states[:, P - 1:-1], model.lm_head(states)[:, P - 1:-1])
def embedded():
    return model.transformer.wte(ids) + model.transformer.wpe(torch.arange(P + N))
def cached(prefix):
    states = model.transformer.ln_f(through(prefix, blocks[first:]))[:, P - 1:-1]
    return estimates(states, model.lm_head(states))
def update(estimate):
    with torch.no_grad():
        old, values = estimate()
        now = [p.detach().clone() for p in tuned]
        for p, r in zip(tuned, reference): p.copy_(r)
        against, _ = estimate()
        for p, r in zip(tuned, now): p.copy_(r)
        rewards = -0.05 * (old - against)
        rewards[:, -1] += scores
        advantages, last = torch.zeros_like(old), torch.zeros(B)
        for t in reversed(range(N)):
            after = values[:, t + 1] if t + 1 < N else torch.zeros(B)
            last = rewards[:, t] + after - values[:, t] + 0.95 * last
            advantages[:, t] = last
        returns = advantages + values
        A = (advantages - advantages.mean()) * torch.rsqrt(advantages.var() + 1e-8)
    for _ in range(c['epochs']):
        model.zero_grad(); head.zero_grad()
        lp, v = estimate()
        ratio = torch.exp(lp - old)
        policy = torch.max(-A * ratio, -A * ratio.clamp(0.8, 1.2)).mean()
        value = 0.5 * torch.max((v - returns) ** 2, (values + (v - values).clamp(-0.2, 0.2) - returns) ** 2).mean()
        (policy + 0.1 * value).backward()
        for p, a in zip(tuned, anchors): p.grad.add_(p.detach() - a, alpha=0.02)
        torch.nn.utils.clip_grad_norm_(tuned, 1.0)
        optimiser.step()
def run(kind):
    if kind == 'whole':
        model.requires_grad_(True)
        return update(whole)
    model.requires_grad_(False)
    for p in tuned: p.requires_grad_(True)
    with torch.no_grad(): prefix = through(embedded(), blocks[:first])
    return update(lambda: cached(prefix))
clock = time.process_time if c['clock'] == 'cpu' else time.perf_counter
print('ready', flush=True)
for line in sys.stdin:
    start = clock(); run(line.strip())
    print((clock() - start) * 1000, flush=True)
`;
