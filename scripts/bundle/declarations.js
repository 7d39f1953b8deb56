// One declaration file per entry, made of those that tsc wrote: the public types and what these need, nothing else.
// It reads what tsc 7 prints, where a statement starts in the first column and its other lines do not.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const NAME = /[A-Za-z_$][\w$]*/g;
/** A comment, if there is one, the first line of a statement, and the lines that belong to it. */
const STATEMENT = /(?:^\/\*\*.*?\*\/\n)?^[^\s/})\]][^\n]*(?:\n[\s})\]][^\n]*)*/gms;
const COMMENT = /\/\*.*?\*\/|\/\/[^\n]*/gs;

function specifiersOf(list) {
  return list
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => {
      const [, type, name, alias = name] = /^(type )?(\S+?)(?: as (\S+))?$/.exec(each) ?? [];
      if (name === undefined) throw new Error(`cannot read ${each}`);
      return { isType: type !== undefined, name, alias };
    });
}

/** What a declaration file declares, imports and exports. */
function parse(file) {
  const module = { file, declared: new Map(), imported: new Map(), exported: [], ambient: [] };
  for (const [statement] of readFileSync(file, 'utf8').matchAll(STATEMENT)) {
    const code = statement.replaceAll(COMMENT, '').trim();
    if (code.includes('import("')) throw new Error(`${file}: an inline import: ${code}`);
    const list = /^(import|export) (type )?\{(.*)\}(?: from '(.*)')?;$/s.exec(code);
    const single = /^import (type )?(\w+) from '(.*)';$/.exec(code);
    const declaration =
      /^(export )?(?:declare )?(?:abstract )?(interface|type|const|function|class) ([\w$]+)/.exec(code);
    if (list !== null) {
      const [, verb, typeOnly, names, from] = list;
      for (const each of specifiersOf(names)) {
        const entry = { ...each, isType: each.isType || typeOnly !== undefined, from };
        if (verb === 'import' || from !== undefined)
          module.imported.set(verb === 'import' ? each.alias : each.name, entry);
        if (verb === 'export') module.exported.push({ ...entry, local: each.name });
      }
    } else if (single !== null) {
      const [, , alias, from] = single;
      module.imported.set(alias, { isType: true, name: 'default', alias, from });
    } else if (declaration !== null) {
      const [, isExported, kind, name] = declaration;
      const isType = kind === 'interface' || kind === 'type';
      const text = statement.replace(/^export (declare )?/m, isType ? '' : 'declare ');
      module.declared.set(name, { text: (module.declared.get(name)?.text ?? '') + text, isType });
      if (isExported) module.exported.push({ local: name, alias: name, isType });
    } else if (/^export default [\w$]+;$/.test(code)) {
      module.exported.push({ local: code.slice(15, -1), alias: 'default', isType: false });
    } else if (code.startsWith('declare module ')) {
      module.ambient.push(statement);
    } else if (code !== 'export {};' && !code.startsWith('import ')) {
      throw new Error(`${file}: cannot read this statement: ${code}`);
    }
  }
  return module;
}

/** @returns the text of the declarations without their exports, and the list of these */
export function rollUp(entry) {
  const modules = new Map();
  const names = new Map();
  const external = new Map();
  const texts = [];

  const load = (file) => {
    if (!modules.has(file)) modules.set(file, parse(file));
    return modules.get(file);
  };
  const follow = (module, from) => load(join(dirname(module.file), from.replace(/\.[tj]s$/, '.d.ts')));

  function include(module, name) {
    const declared = module.declared.get(name);
    if (declared === undefined) {
      const imported = module.imported.get(name);
      if (imported === undefined) return;
      if (imported.from.startsWith('.')) {
        if (imported.name !== name) throw new Error(`${module.file}: ${imported.name} is renamed ${name}`);
        include(follow(module, imported.from), name);
      } else {
        own(name, imported.from);
        external.set(name, imported);
      }
      return;
    }
    if (!own(name, module.file)) return;
    for (const [other] of declared.text.replaceAll(COMMENT, '').matchAll(NAME)) {
      if (other !== name) include(module, other);
    }
    texts.push(declared.text);
  }

  /** @returns whether it is new; two files may not use one name for two things */
  function own(name, owner) {
    const before = names.get(name);
    if (before !== undefined && before !== owner) throw new Error(`${name} is in ${before} and ${owner}`);
    names.set(name, owner);
    return before === undefined;
  }

  const module = load(entry);
  for (const { local } of module.exported) include(module, local);
  for (const text of module.ambient) {
    for (const [name] of text.matchAll(NAME)) include(module, name);
  }
  const isType = ({ local, isType: said }) =>
    said || (modules.get(names.get(local))?.declared.get(local)?.isType ?? false);
  const values = new Set(module.exported.filter((each) => !isType(each)).map(({ local }) => local));
  const imports = [];
  const named = new Map();
  for (const [local, { name, from }] of external) {
    const type = values.has(local) ? '' : 'type ';
    if (name === 'default') imports.push(`import ${type}${local} from '${from}';`);
    else
      named.set(from, [...(named.get(from) ?? []), `${type}${name === local ? '' : `${name} as `}${local}`]);
  }
  for (const [from, list] of named) imports.push(`import { ${list.join(', ')} } from '${from}';`);
  return {
    text: `${[...imports, ...texts, ...module.ambient].join('\n')}\n`,
    exported: module.exported.map((each) => ({ ...each, isType: isType(each) })),
  };
}
