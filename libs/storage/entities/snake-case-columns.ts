import { DefaultNamingStrategy } from 'typeorm';

/** `trainExamples` in TypeScript is `train_examples` in SQL, where nobody wants to quote names. */
export class SnakeCaseColumns extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string | undefined): string {
    return customName ?? propertyName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }

  override primaryKeyName(table: { name: string } | string): string {
    return `${tableOf(table)}_key`;
  }

  override foreignKeyName(table: { name: string } | string, columns: string[]): string {
    return `${tableOf(table)}_${columns.filter((column) => column !== 'experiment_id').join('_') || 'experiment'}_known`;
  }
}

function tableOf(table: { name: string } | string): string {
  return (typeof table === 'string' ? table : table.name).replace(/^.*\./, '');
}
