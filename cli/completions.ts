/** Completion scripts, made from the program's own commands and options. */

/** A shell that a script can be made for. */
export type Shell = "bash" | "zsh" | "fish";

/** What is needed of an option. */
export interface OptionLike {
  /** `--memory`. */
  readonly long?: string | null | undefined;
  /** `-h`. */
  readonly short?: string | null | undefined;
  /** Help. */
  readonly description: string;
  /** Values, where they are listed. */
  readonly argChoices?: readonly string[] | undefined;
  /** Whether a value follows. */
  readonly required: boolean;
}

/** What is needed of a command: commander's `Command` is one. */
export interface CommandLike {
  /** Its name. */
  name(): string;
  /** Help. */
  description(): string;
  /** Commands below it. */
  readonly commands: readonly CommandLike[];
  /** Its options. */
  readonly options: readonly OptionLike[];
  /** Its arguments. */
  readonly registeredArguments: readonly {
    /** Values, where they are listed. */
    readonly argChoices?: readonly string[] | undefined;
  }[];
}

/** The completion script of `shell` for `program`. */
export function completions(shell: Shell, program: CommandLike): string {
  return { bash, zsh, fish }[shell](program);
}

const HELP: OptionLike = {
  long: "--help",
  short: "-h",
  description: "print help",
  required: false,
};

function options_of(command: CommandLike): OptionLike[] {
  return [...command.options, HELP].filter(({ long }) => long);
}

function choices_of(command: CommandLike): readonly string[] {
  return command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
}

function bash(program: CommandLike): string {
  const names = program.commands.map((command) => command.name());
  const all = program.commands.flatMap(options_of).filter(({ required }) => required);
  const values = new Map(all.map((option) => [option.long!, option.argChoices]));
  const value_cases = [...values].map(([long, choices]) =>
    choices
      ? `    ${long}) COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$word")); return ;;`
      : `    ${long}) COMPREPLY=($(compgen -f -- "$word")); return ;;`
  );
  const command_cases = program.commands.map((command) => {
    const options = options_of(command).map(({ long }) => long).join(" ");
    return `    ${command.name()}) options="${options}" choices="${
      choices_of(command).join(" ")
    }" ;;`;
  });
  return `# bash completion for armvm
_armvm() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} options= choices=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names.join(" ")} --help --version" -- "$word"))
    return
  fi
  case $before in
${value_cases.join("\n")}
  esac
  case \${COMP_WORDS[1]} in
${command_cases.join("\n")}
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *)
      if [ -n "$choices" ]; then COMPREPLY=($(compgen -W "$choices" -- "$word"))
      else COMPREPLY=($(compgen -f -- "$word")); fi ;;
  esac
}
complete -o filenames -F _armvm armvm
`;
}

function zsh(program: CommandLike): string {
  const quote = (text: string) =>
    text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, (c) => "\\" + c);
  const commands = program.commands
    .map((command) => `    '${command.name()}:${quote(command.description())}'`).join("\n");
  const cases = program.commands.map((command) => {
    const specs = options_of(command).map((option) => {
      const value = !option.required
        ? ""
        : option.argChoices
        ? `:value:(${option.argChoices.join(" ")})`
        : ":value:_files";
      return `'${option.long}[${quote(option.description)}]${value}'`;
    });
    const choices = choices_of(command);
    specs.push(choices.length > 0 ? `'1:argument:(${choices.join(" ")})'` : "'*:file:_files'");
    return `    ${command.name()}) _arguments ${specs.join(" \\\n      ")} ;;`;
  }).join("\n");
  return `#compdef armvm
_armvm() {
  local -a commands
  commands=(
${commands}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases}
  esac
}
# Both as a file of $fpath and through "source <(...)".
if [ "$funcstack[1]" = _armvm ]; then _armvm "$@"; else compdef _armvm armvm; fi
`;
}

function fish(program: CommandLike): string {
  const quote = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const lines = [
    "# fish completion for armvm",
    "complete -c armvm -n __fish_use_subcommand -l help -s h -d 'print help'",
    "complete -c armvm -n __fish_use_subcommand -l version -s V -d 'print the version'",
  ];
  for (const command of program.commands) {
    const name = command.name();
    lines.push(
      `complete -c armvm -n __fish_use_subcommand -f -a ${name} -d ${quote(command.description())}`,
    );
    const when = `-n '__fish_seen_subcommand_from ${name}'`;
    for (const option of options_of(command)) {
      const value = !option.required
        ? ""
        : option.argChoices
        ? ` -x -a ${quote(option.argChoices.join(" "))}`
        : " -r";
      lines.push(
        `complete -c armvm ${when} -l ${option.long!.slice(2)}${value} -d ${
          quote(option.description)
        }`,
      );
    }
    const choices = choices_of(command);
    if (choices.length > 0) {
      lines.push(`complete -c armvm ${when} -f -a ${quote(choices.join(" "))}`);
    }
  }
  return lines.join("\n") + "\n";
}
