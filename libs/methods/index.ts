/** The federated tuning methods, each a declaration: what is trained, what is shared, what stays personal, and how. */
export { methodNamed, methods } from './catalogue.ts';
export type { AggregationRuleName, BaseArchitecture, Learner, Method, Ownership } from './method.ts';
export { channelFamilies, sparseFamilies, type SparsityScope } from './channel-families.ts';
export { MethodError } from './method-error.ts';
export { ownIterations } from './own-iterations.ts';
export { groupsThatAre, isPersonal, isShared, personalTensors, sharedTensors, trains } from './ownership.ts';
export { groupOf, parameterGroups, type ParameterGroup } from './parameter-groups.ts';
export { unusedFields, type UnusedField } from './unused-fields.ts';
