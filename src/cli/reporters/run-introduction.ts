import { computeName, unlessFloat32 } from '../../core/compute.ts';
import { shown } from '../../recipes/read-file.ts';
import type { Session } from '../../recipes/session.ts';
import { formatCount, formatPlural } from '../format.ts';
import { formatPairs } from '../table.ts';

/** What runs, in a few lines before the first step: model, backend, path, data, directory. */
export function introduce({ recipe, composed, data, directory, run, startStep }: Session): string[] {
  const { backend, model } = composed;
  const tokenWise = model.coupling === 'row';
  const path =
    run.trainer.path === 'collapsed'
      ? 'path collapsed (each distinct token is computed once a step)'
      : `path dense (every token is computed${tokenWise ? ', because collapse is off' : ''})`;
  const compute = computeName(run.trainer.compute);
  const how = [backend.name, formatPlural(backend.threads, 'thread'), ...unlessFloat32(compute), path];
  return [
    ...formatPairs([
      [
        'model',
        `${recipe.name}: ${formatPlural(model.store.count, 'parameter')}${tokenWise ? ', token-wise' : ''}`,
      ],
      ['backend', how.join(', ')],
      ['data', describeData(recipe.data.source, data)],
      ['run', shown(directory.path)],
    ]),
    ...(startStep ? [`going on after step ${formatCount(startStep)}`] : []),
  ];
}

function describeData(source: string | readonly string[], { train, valid }: Session['data']): string {
  const { documents } = train.tokens.info;
  const files = typeof source === 'string' ? [source] : source;
  const name = files.length > 1 ? `${shown(files[0]!)} and ${files.length - 1} more` : shownSource(files[0]!);
  const validation = valid ? `, validation ${formatPlural(valid.tokens.tokens, 'token')}` : '';
  return `${name}: ${formatPlural(train.tokens.tokens, 'token')} in ${formatPlural(documents, 'document')}${validation}`;
}

/** Files of a loaded recipe have absolute paths; what has none is a data set's name. */
function shownSource(source: string): string {
  return source.startsWith('/') || /^[A-Za-z]:\\/.test(source) ? shown(source) : source;
}
