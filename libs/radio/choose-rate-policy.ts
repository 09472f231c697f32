import { fixedRate } from './fixed-rate.ts';
import type { RateSettings } from './link-settings.ts';
import type { RatePolicy } from './rate-policy.ts';
import { shannonRate } from './shannon-rate.ts';

export function chooseRatePolicy(settings: RateSettings): RatePolicy {
  switch (settings.policy) {
    case 'shannon':
      return shannonRate(settings.snrGapDb);
    case 'fixed':
      return fixedRate(settings.bitsPerSecondPerHz);
  }
}
