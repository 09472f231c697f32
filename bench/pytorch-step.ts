import { startPython, type PythonTimer } from './pytorch-process.ts';

export type PyTorchStep = PythonTimer<'step' | 'bf16'>;

interface PyTorchShape {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly vocabulary: number;
  readonly batch: number;
  readonly sequence: number;
  readonly rank: number;
  readonly width: number;
  readonly labels: number;
  readonly threads: number;
  readonly clock: 'wall' | 'cpu';
}

/** The same step in eager PyTorch, in fp32 or under autocast to bf16, AdamW included, in the Python that AIRTUNE_PYTHON names; undefined without one. */
export function startPyTorchStep(shape: PyTorchShape): Promise<PyTorchStep | undefined> {
  return startPython(SCRIPT, shape);
}

const SCRIPT = `
import json, math, sys, time
import torch, torch.nn as nn, torch.nn.functional as F
c = json.loads(sys.argv[1])
torch.set_num_threads(c['threads'])
H, I, heads, r = c['hidden'], c['intermediate'], c['heads'], c['rank']
class Lora(nn.Module):
    def __init__(self):
        super().__init__()
        self.base, self.a, self.b = nn.Linear(H, H), nn.Linear(H, r, bias=False), nn.Linear(r, H, bias=False)
    def forward(self, x): return self.base(x) + 2.0 * self.b(self.a(x))
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = Lora(), nn.Linear(H, H), Lora(), nn.Linear(H, H)
        self.up, self.down, self.n1, self.n2 = nn.Linear(H, I), nn.Linear(I, H), nn.LayerNorm(H), nn.LayerNorm(H)
        self.adapter = nn.Sequential(nn.Linear(H, c['width']), nn.ReLU(), nn.Linear(c['width'], H))
    def forward(self, x, bias):
        B, S, _ = x.shape
        split = lambda t: t.view(B, S, heads, H // heads).transpose(1, 2)
        a = F.scaled_dot_product_attention(split(self.q(x)), split(self.k(x)), split(self.v(x)), attn_mask=bias)
        m = self.n1(self.o(a.transpose(1, 2).reshape(B, S, H)) + x)
        s = self.down(F.gelu(self.up(m))) + m
        return self.n2(self.adapter(self.n2(s)) + s)
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.word, self.position, self.norm = nn.Embedding(c['vocabulary'], H), nn.Embedding(514, H), nn.LayerNorm(H)
        self.blocks = nn.ModuleList([Block() for _ in range(c['layers'])])
        self.dense, self.output = nn.Linear(H, H), nn.Linear(H, c['labels'])
    def forward(self, ids, bias):
        x = self.norm(self.word(ids) + self.position(torch.arange(ids.shape[1])))
        for block in self.blocks: x = block(x, bias)
        return self.output(torch.tanh(self.dense(x[:, 0])))
model = Model()
tuned = ('.a.', '.b.', 'adapter', 'dense', 'output')
for name, p in model.named_parameters(): p.requires_grad_(any(t in name for t in tuned))
optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
B, S = c['batch'], c['sequence']
ids, bias = torch.randint(0, c['vocabulary'], (B, S)), torch.zeros(B, 1, 1, S)
labels = torch.arange(B) % c['labels']
def step(kind='step'):
    optimiser.zero_grad()
    with torch.autocast('cpu', dtype=torch.bfloat16, enabled=kind == 'bf16'):
        loss = F.cross_entropy(model(ids, bias), labels)
    loss.backward()
    optimiser.step()
now = time.process_time if c['clock'] == 'cpu' else time.perf_counter
step(); step('bf16'); step()
print('ready', flush=True)
for kind in sys.stdin:
    start = now(); step(kind.strip())
    print((now() - start) * 1000, flush=True)
`;
