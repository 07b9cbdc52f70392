import { expect, it, onTestFinished, vi } from 'vitest';
import { Interruption } from '../../src/cli/interruption.ts';
import { fakeTerminal } from './fake-terminal.ts';

it('a second Ctrl-C ends the process at once, and says so', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => {
    throw new Error('exited');
  });
  onTestFinished(() => exit.mockRestore());
  const { terminal, stderr } = fakeTerminal();
  const interruption = new Interruption(terminal, (name) => terminal.note(name));
  onTestFinished(() => interruption.close());
  process.emit('SIGINT', 'SIGINT');
  expect(exit).not.toHaveBeenCalled();
  expect(() => process.emit('SIGINT', 'SIGINT')).toThrow('exited');
  expect(stderr.lines).toEqual(['SIGINT', 'Stopped at once.']);
  expect(exit).toHaveBeenCalledExactlyOnceWith(130);
});
