/** Proves, or refutes, that an experiment's recorded history is what happened: from the record, its blobs and its seed. */
export { auditExperiment, type AuditPlace } from './audit-experiment.ts';
export type { AuditReport, Finding, RoundReport } from './audit-report.ts';
export type { Witness, WitnessedHead } from './compare-witnesses.ts';
