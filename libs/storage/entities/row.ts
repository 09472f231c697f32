/** An entity's columns as a plain object: what is written needs no instance. */
export type Row<Entity> = { [Column in keyof Entity]: Entity[Column] };
