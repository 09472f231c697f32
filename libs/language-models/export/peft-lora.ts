import type { NamedTensors } from '#parameters';

import type { EncoderConfig } from '../checkpoints/encoder-config.ts';
import { LORA_TARGETS } from '../personalisation/lora.ts';
import type { PersonalSizes } from './personalised-model.ts';

type Lora = NonNullable<PersonalSizes['lora']>;

/** adapter_config.json for `PeftModel.from_pretrained` on any transformers model that holds the base as `.bert` or `.roberta`. */
export function peftConfig({ rank, alpha, blocks }: Lora): Record<string, unknown> {
  return {
    peft_type: 'LORA',
    task_type: null,
    base_model_name_or_path: null,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    target_modules: [...LORA_TARGETS],
    layers_to_transform: [...blocks],
    layers_pattern: 'layer',
    modules_to_save: null,
    init_lora_weights: true,
    use_rslora: false,
    use_dora: false,
    inference_mode: true,
  };
}

/** The LoRA under PEFT's names, which are stored as ours are: A [rank, in], B [out, rank]. */
export function peftTensors({ modelType }: EncoderConfig, tensors: NamedTensors, { blocks }: Lora): NamedTensors {
  const renamed = blocks.flatMap((block) =>
    LORA_TARGETS.flatMap((target) =>
      (['a', 'b'] as const).flatMap((part) => {
        const tensor = tensors.get(`lora.${block}.${target}.${part}`);
        const module = `base_model.model.${modelType}.encoder.layer.${block}.attention.self.${target}`;
        return tensor === undefined ? [] : [[`${module}.lora_${part.toUpperCase()}.weight`, tensor] as const];
      }),
    ),
  );
  return new Map(renamed);
}
