import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Experiment } from './experiment.ts';

/** A client as its site enrolled it: counts, never data. */
@Entity('client')
@ForeignKey(() => Experiment, ['experimentId'], ['id'])
@Check('client_examples', `"train_examples" >= 1 AND "personal_test_examples" >= 1 AND "general_test_examples" >= 0`)
@Check('client_majority_class', `"majority_class_accuracy" BETWEEN 0 AND 1`)
export class Client {
  @PrimaryColumn('text')
  experimentId!: string;

  @PrimaryColumn('text')
  name!: string;

  @Column('text')
  site!: string;

  @Column('text')
  baseDigest!: string;

  /** What its site computes the base in: fp32, int8, or int8-7-bit; null where it enrolled before there was a choice, in fp32. */
  @Column('text', { nullable: true })
  basePrecision!: string | null;

  @Column('text')
  dataDigest!: string;

  @Column('text')
  deviceClass!: string;

  @Column('int')
  trainExamples!: number;

  @Column('int')
  personalTestExamples!: number;

  @Column('int')
  generalTestExamples!: number;

  @Column('bigint')
  sharedParameters!: number;

  @Column('bigint')
  personalParameters!: number;

  @Column('jsonb')
  labels!: readonly string[];

  /** Training examples per label; only where a site shows it, as in simulation. */
  @Column('jsonb', { nullable: true })
  labelHistogram!: readonly number[] | null;

  /** Accuracy on the personal test set of always giving the most frequent training label; a fraction of 1. */
  @Column('double precision')
  majorityClassAccuracy!: number;

  /** What its user should know of the site's data, in sentences; not signed. */
  @Column('jsonb', { nullable: true })
  notes!: readonly string[] | null;

  /** The Ed25519 key that its site signs with, base64url; null where it enrolled without one. */
  @Column('text', { nullable: true })
  publicKey!: string | null;

  /** Its signature of the enrolment. */
  @Column('text', { nullable: true })
  signature!: string | null;

  @Column('timestamptz')
  enrolledAt!: Date;
}
