// What names look like, and how two of them collide.

/** A rule, and the words that explain it in a message. */
export interface NameRule {
  readonly pattern: RegExp;
  readonly rule: string;
}

/** Begins every physical name, so no dash at the end and no two in a row: `a-` + `b` and `a` + `-b` stay apart. */
export const serviceName: NameRule = {
  pattern: /^(?=.{1,40}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/,
  rule: "1 to 40 lower-case letters, digits and single dashes, a letter first",
};

export const stageName: NameRule = {
  pattern: /^(?=.{1,20}$)[a-z0-9]+(-[a-z0-9]+)*$/,
  rule: "1 to 20 lower-case letters, digits and single dashes",
};

/** A component's or a topic's. */
export const componentName: NameRule = {
  pattern: /^[a-z][a-zA-Z0-9.-]{0,39}$/,
  rule: "1 to 40 letters, digits, dashes and dots, a lower-case letter first",
};
