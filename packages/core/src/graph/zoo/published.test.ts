import { describe, expect, it } from '@jest/globals';
import { forwardMacs } from '../../budget/macs.js';
import { adjustmentUnits } from '../../adjustment/adjustment-unit.js';
import { checkGraph } from '../check-graph.js';
import { maskableSpecs, momentSpecs, parameterSpecs } from '../parameters.js';
import { inferShapes } from '../shapes.js';
import { buildModel, zooNames } from './build-model.js';

const CIFAR = [32, 32, 3] as const;

function total(specs: readonly { readonly size: number }[]): number {
  return specs.reduce((sum, { size }) => sum + size, 0);
}

/** Weights of the convolutions' and dense layers' kernels whose node names match. */
function kernels(name: string, node: RegExp): number {
  const specs = parameterSpecs(buildModel({ name, width: null }, CIFAR, 10));
  return total(specs.filter((spec) => spec.role === 'kernel' && node.test(spec.node)));
}

describe('networks of the literature, default width, CIFAR-10', () => {
  it.each([
    // He et al. 2016, table 6: 0.27 M. Their option A has no shortcut weights: 269,722. Option B adds a 1×1 convolution
    // and a norm at the two stage borders: 16·32 + 2·32 and 32·64 + 2·64, together 2,752.
    // MACs of option A: 40,551,040; the shortcuts add 16·32·16² and 32·64·8².
    { name: 'resnet20', params: 269_722 + 2_752, macs: 40_551_040 + 131_072 + 131_072 },
    // torchvision's vgg11_bn has 132,868,840 (Simonyan & Zisserman 2015, table 2: 133 M). Ours has no dense layers of
    // 25,088·4,096 + 4,096, 4,096² + 4,096 and 4,096·1,000 + 1,000, no biases before the 2,752 norms, and 512·10 + 10.
    // MACs, in units of 64·64·9·16² = 9,437,184: 3/16 of the stem, 2, 2, 4, 2, 4, 1, 1; and 5,120 of the classifier.
    {
      name: 'vgg11-bn',
      params: 132_868_840 - 102_764_544 - 16_781_312 - 4_097_000 - 2_752 + 5_130,
      macs: 9_437_184 * 16 + 1_769_472 + 5_120,
    },
    // Howard et al. 2017, table 4: 4.2 M parameters and 569 M MACs at 224×224; counted, 4,231,976 and 568,740,352, of
    // which the classifier is 1,025,000 and 1,024,000. Ours is 10,250 and 10,240. With the stem at stride 1 every layer
    // works on (32/112)² = 4/49 of the paper's positions.
    {
      name: 'mobilenet',
      params: 4_231_976 - 1_025_000 + 10_250,
      macs: ((568_740_352 - 1_024_000) * 4) / 49 + 10_240,
    },
    // torchvision's squeezenet1_1 has 1,235,496 (1.2 M, 0.35 GMACs at 224×224), of which the classifier is 513,000; ours
    // is 5,130. A norm has two numbers where a bias has one: 2,944 more. MACs by hand: the stem 1,728·32², fire2 and
    // fire3 (11,264 + 12,288)·16², fire4 and fire5 (45,056 + 49,152)·8², fire6 to fire9
    // (104,448 + 110,592 + 188,416 + 196,608)·4², the classifier 5,120·4².
    {
      name: 'squeezenet',
      params: 1_235_496 - 513_000 + 2_944 + 5_130,
      macs: 1_728 * 1_024 + 23_552 * 256 + 94_208 * 64 + 600_064 * 16 + 5_120 * 16,
    },
  ])('$name has $params parameters and takes $macs MACs', ({ name, params, macs }) => {
    const graph = buildModel({ name, width: null }, CIFAR, 10);

    checkGraph(graph);
    expect(total(parameterSpecs(graph))).toBe(params);
    expect(forwardMacs(graph, null).total).toBe(macs);
  });

  it('resnet20: 19 layers of 3×3 with the classifier make 20, two shortcuts of 1×1', () => {
    expect(kernels('resnet20', /shortcut/)).toBe(16 * 32 + 32 * 64);
    const graph = buildModel({ name: 'resnet20', width: null }, CIFAR, 10);
    expect(graph.nodes.filter((node) => node.op === 'conv2d' && node.kernelSize[0] === 3)).toHaveLength(19);
  });

  it('mobilenet: thirteen depthwise kernels of 3×3 a channel', () => {
    const channels = 32 + 64 + 128 + 128 + 256 + 256 + 6 * 512 + 1_024;
    expect(kernels('mobilenet', /dw$/)).toBe(9 * channels);
    expect(
      maskableSpecs(buildModel({ name: 'mobilenet', width: null }, CIFAR, 10)).filter(({ node }) =>
        node.endsWith('.dw'),
      ),
    ).toHaveLength(13);
  });

  it('mobilenet at width 16 is the paper’s 0.5 MobileNet: 1,331,592 parameters with 1,000 classes', () => {
    const graph = buildModel({ name: 'mobilenet', width: 16 }, CIFAR, 1_000);
    expect(total(parameterSpecs(graph))).toBe(1_331_592);
  });

  it.each([
    ['resnet20', 'conv4_x.3.relu', [8, 8, 64]],
    ['vgg11-bn', 'pool5', [1, 1, 512]],
    ['mobilenet', 'stage5.2.pw.relu', [2, 2, 1_024]],
    ['squeezenet', 'fire9.concat', [4, 4, 512]],
  ])('%s: %s gives %p', (name, node, shape) => {
    const graph = buildModel({ name, width: null }, CIFAR, 10);
    expect(inferShapes(graph).get(node)).toEqual(shape);
  });

  it('squeezenet: norms on 2,944 channels, the 1×1 classifier is dense and has the only bias', () => {
    const graph = buildModel({ name: 'squeezenet', width: null }, CIFAR, 10);
    expect(momentSpecs(graph).reduce((sum, { channels }) => sum + channels, 0)).toBe(2_944);
    expect(parameterSpecs(graph).filter(({ role }) => role === 'bias')).toMatchObject([{ node: 'conv10' }]);
    expect(maskableSpecs(graph).some(({ node }) => node === 'conv10' || node === 'conv1')).toBe(false);
  });
});

describe.each(zooNames())('%s', (name) => {
  it.each([[[28, 28, 1]], [[64, 64, 3]], [[31, 17, 4]]] as const)(
    'passes all checks for images of %p',
    (shape) => {
      const graph = buildModel({ name, width: 8 }, shape, 26);
      checkGraph(graph);
      expect(inferShapes(graph).get(graph.output)).toEqual([26]);
    },
  );

  it('has every maskable layer in exactly one block, if it has blocks', () => {
    const graph = buildModel({ name, width: 8 }, CIFAR, 10);
    const listed = graph.blocks.flatMap(({ nodes }) => nodes);
    const maskable = maskableSpecs(graph).map(({ node }) => node);

    expect(new Set(listed).size).toBe(listed.length);
    expect(graph.blocks.length === 0 || maskable.every((node) => listed.includes(node))).toBe(true);
    if (graph.blocks.length > 0) expect(adjustmentUnits(graph, 'block')).toHaveLength(graph.blocks.length);
  });
});
