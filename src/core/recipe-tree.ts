/** Where a value of a recipe was written. */
export interface Place {
  /** As errors show it: `v61.yaml:7:15`, `--set optimizer.lr=0.02`; empty where it goes without saying. */
  readonly text: string;
  /** The folder that relative paths written here start from. */
  readonly dir: string;
  /** Position in the file, both from 1; both 0 where it is not a file. */
  readonly line: number;
  readonly column: number;
  /** The file as errors show it, or the same as `text`. */
  readonly source: string;
}

/** One mistake. */
export interface RecipeIssue {
  readonly place: Place;
  /** What is wrong and what was expected instead. */
  readonly message: string;
  /** What was probably meant. */
  readonly nearest?: string;
}

export type Scalar = string | number | boolean | null;

/** A value of a recipe that knows where it was written. Trees are never changed: merging makes new ones. */
export type Tree = ScalarTree | ListTree | MapTree;

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly place: Place;
  readonly value: Scalar;
  /** What the value was computed from. */
  readonly formula?: string;
}
export interface ListTree {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly Tree[];
}
export interface MapTree {
  readonly kind: 'map';
  readonly place: Place;
  readonly entries: ReadonlyMap<string, Entry>;
}
/** A key, its place, and its value. */
export interface Entry {
  readonly place: Place;
  readonly value: Tree;
}
