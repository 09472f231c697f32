/**
 * What layers are measured on: a little of the news, of instructions and answers, of numbers and of code. It is the same for every model
 * and everyone, so that whoever holds a base computes with the same layers in int8.
 */
export const SAMPLE_TEXT = [
  'Shares of the largest chip maker fell 4.2 percent on Tuesday after it said that orders from Asia had slowed for a third quarter.',
  'The home side scored twice in the last ten minutes to win the cup final, 3-2, in front of a crowd of 61,000 people.',
  'Scientists reported that a spacecraft has found frozen water beneath the surface of the planet, near its southern pole.',
  'Ministers from both countries will meet in Geneva next week to talk about a treaty that would end the dispute over fishing rights.',
  'Explain in two sentences why the sky is blue. Sunlight is scattered by the molecules of the air, and blue light is scattered more than red.',
  'Write a short, polite letter to a customer whose parcel has arrived late, and offer to pay back the cost of its delivery.',
  'What is the difference between a virus and a bacterium? A bacterium lives and divides on its own; a virus needs a cell to do so.',
  'How do I get wine out of a white shirt? Rinse it in cold water, put salt on the stain, wait for an hour, and wash it as usual.',
  'def mean(xs): return sum(xs) / len(xs)  # fails on an empty list; see https://example.org/issues/17',
  'Room 204 costs 89.50 a night; from 1 June to 31 August it is 112.00, breakfast (7:00 to 10:30) included.',
  'Dear all, the meeting on Thursday is moved to Friday at 9 a.m. Please bring your notes, and tell Maria if you cannot come!',
  'A dog is an animal that people keep; a wolf is a wild animal of the same kind. Neither of them is a cat.',
].join('\n');
