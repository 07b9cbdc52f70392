import type { Session } from '../../app/session.ts';
import { computeName, unlessFloat32 } from '../../core/compute.ts';
import { isFiles, type Recipe } from '../../recipes/load.ts';
import { shown } from '../../recipes/read-file.ts';
import { stepsOf } from '../../train/limits.ts';
import { formatCount, formatDuration, formatPlural } from '../format.ts';
import { formatPairs, type Page } from '../table.ts';
import { describeEnd, type RunPlan, warnOfFewSteps } from './run-plan.ts';

/** What runs, in a few lines before the first step: model, backend, path, data, directory. */
export function introduce(session: Session, plan: RunPlan, page: Page): string[] {
  const { recipe, composed, data, directory, run, startStep } = session;
  const { backend, model } = composed;
  const tokenWise = model.coupling === 'row';
  const path =
    run.trainer.path === 'collapsed'
      ? 'path collapsed (each distinct token is computed once a step)'
      : `path dense (every token is computed${tokenWise ? ', because collapse is off' : ''})`;
  const compute = computeName(run.trainer.compute);
  const how = [backend.name, formatPlural(backend.threads, 'thread'), ...unlessFloat32(compute), path];
  const steps = stepsOf(plan.limits, plan.tokensPerStep, plan.tokensPerEpoch);
  const warning = warnOfFewSteps(plan, steps, startStep > 0);
  return [
    ...formatPairs(
      [
        [
          'model',
          `${recipe.name}: ${formatPlural(model.store.count, 'parameter')}${tokenWise ? ', token-wise' : ''}`,
        ],
        ['backend', how.join(', ')],
        ['data', describeData(recipe.data.source, data)],
        ['ends', describeEnd(plan)],
        ['run', shown(directory.path)],
      ],
      page,
    ),
    ...(startStep ? [goingOn(session)] : []),
    ...(warning ? [warning] : []),
  ];
}

/** Limits count what lies behind the run too. */
function goingOn({ run }: Session): string {
  const { step, seconds } = run.trainer.progress;
  return `going on after step ${formatCount(step)} and ${formatDuration(seconds)} of training, which limits count too`;
}

function describeData(source: Recipe['data']['source'], { train, valid }: Session['data']): string {
  const { documents } = train.tokens.info;
  const files = isFiles(source) ? [source].flat() : [source.component.type];
  const name = files.length > 1 ? `${shown(files[0]!)} and ${files.length - 1} more` : shownSource(files[0]!);
  const validation = valid ? `, validation ${formatPlural(valid.tokens.tokens, 'token')}` : '';
  return `${name}: ${formatPlural(train.tokens.tokens, 'token')} in ${formatPlural(documents, 'document')}${validation}`;
}

/** Files of a loaded recipe have absolute paths; what has none is a data set's name. */
function shownSource(source: string): string {
  return source.startsWith('/') || /^[A-Za-z]:\\/.test(source) ? shown(source) : source;
}
