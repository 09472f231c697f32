import type { GraphBuilder } from '../graph-builder.ts';
import { elementTypeCode } from '../onnx-schema.ts';
import type { ElementType, Value } from '../value.ts';

/** Converts the element type; no gradient passes it. */
export function cast(g: GraphBuilder, x: Value, type: ElementType): Value {
  if (x.type === type) return x;
  const attributes = { to: { int: elementTypeCode(type) } };
  return g.emitOne({ operator: 'Cast', inputs: [x], attributes, type, shape: x.shape });
}
