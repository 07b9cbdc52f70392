import type { Kernels } from '../../core/kernels.ts';

export const sgdMomentum: Kernels['sgdMomentum'] = (p, v, g, lr, momentum, decay) => {
  for (let i = 0; i < p.data.length; i++) {
    v.data[i] = momentum * v.data[i]! + g.data[i]! + decay * p.data[i]!;
    p.data[i]! -= lr * v.data[i]!;
  }
};

export const adamW: Kernels['adamW'] = (p, m, v, g, lr, beta1, beta2, eps, decay, step) => {
  const correct1 = 1 - beta1 ** step;
  const correct2 = 1 - beta2 ** step;
  for (let i = 0; i < p.data.length; i++) {
    m.data[i] = beta1 * m.data[i]! + (1 - beta1) * g.data[i]!;
    v.data[i] = beta2 * v.data[i]! + (1 - beta2) * g.data[i]! ** 2;
    const update = m.data[i]! / correct1 / (Math.sqrt(v.data[i]! / correct2) + eps);
    p.data[i] = p.data[i]! * (1 - lr * decay) - lr * update;
  }
};

export const lion: Kernels['lion'] = (p, m, g, lr, beta1, beta2, decay) => {
  // Where both products cancel, rounding decides the sign: float32 here too, so that all backends see the same one.
  const { fround } = Math;
  const [keep, rest] = [fround(beta1), fround(1 - beta1)];
  for (let i = 0; i < p.data.length; i++) {
    const sign = Math.sign(fround(keep * m.data[i]!) + fround(rest * g.data[i]!));
    m.data[i] = beta2 * m.data[i]! + (1 - beta2) * g.data[i]!;
    p.data[i] = p.data[i]! * (1 - lr * decay) - lr * sign;
  }
};
