/** A value as JSON has it: times are text. */
export type Json<T> = T extends Date ? string : T extends object ? { [Key in keyof T]: Json<T[Key]> } : T;

/** The same for comparing: nothing is read-only, what is undefined is not there, and what is unknown may be anything. */
type Written<T> = unknown extends T
  ? // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what a jsonb column holds is known to its schema alone
    any
  : T extends Date
    ? string
    : T extends readonly (infer Item)[]
      ? Written<Item>[]
      : T extends object
        ? { -readonly [Key in keyof T]: Written<Exclude<T[Key], undefined>> }
        : T;

/** `true` where two types are the same once they are written as JSON. */
export type SameAsJson<A, B> = [Written<A>] extends [Written<B>]
  ? [Written<B>] extends [Written<A>]
    ? true
    : false
  : false;
