export interface Line {
  id: string;
  title: string;
  text: string;
  tags: string[];
  age: string;
  state: string;
  speaks: boolean;
}

export interface Said {
  id: string;
  role: string;
  who: string;
  text: string;
  at: string;
}

/** One word of the server: the list, and the conversation that is open. */
export interface News {
  lines: Line[];
  counts: Record<string, number>;
  owner?: string;
  messages?: Said[];
}
