import { describe, expect, it } from '@jest/globals';
import { EspalierError } from '../../errors.js';
import { importLayersModel } from './import-layers-model.js';

type Json = Record<string, unknown>;

/** A weights manifest and its bytes: consecutive numbers, a hundredth apart, so that each value shows where it was. */
function weightsOf(shapes: Readonly<Record<string, readonly number[]>>): {
  manifest: Json[];
  bytes: Uint8Array;
} {
  const sizes = Object.values(shapes).map((shape) => shape.reduce((product, extent) => product * extent, 1));
  const values = Float32Array.from(
    { length: sizes.reduce((sum, size) => sum + size, 0) },
    (_, i) => (i + 1) / 100,
  );
  const weights = Object.entries(shapes).map(([name, shape]) => ({ name, shape, dtype: 'float32' }));
  return { manifest: [{ paths: ['w.bin'], weights }], bytes: new Uint8Array(values.buffer) };
}

function sequential(layers: readonly Json[]): Json {
  return { class_name: 'Sequential', config: { name: 'test model', layers } };
}

function layer(className: string, config: Json): Json {
  return { class_name: className, config: { name: className.toLowerCase(), ...config } };
}

/** Error with which the import refuses a model. */
function refusal(topology: Json, shapes: Readonly<Record<string, readonly number[]>> = {}): EspalierError {
  const { manifest, bytes } = weightsOf(shapes);
  try {
    importLayersModel({ modelTopology: topology, weightsManifest: manifest }, bytes);
  } catch (error) {
    if (error instanceof EspalierError) return error;
    throw error;
  }
  throw new Error('the model was taken');
}

/** A call's argument, as Keras 3 writes it. */
function kerasTensor(name: string, shape: readonly (number | null)[]): Json {
  return { class_name: '__keras_tensor__', config: { shape, dtype: 'float32', keras_history: [name, 0, 0] } };
}

function keras3Layer(className: string, name: string, config: Json, args: readonly unknown[]): Json {
  const dtype = {
    module: 'keras',
    class_name: 'DTypePolicy',
    config: { name: 'float32' },
    registered_name: null,
  };
  return {
    module: 'keras.layers',
    class_name: className,
    config: { name, trainable: true, dtype, ...config },
    registered_name: null,
    name,
    inbound_nodes: args.length === 0 ? [] : [{ args, kwargs: { training: false, mask: null } }],
  };
}

describe('a Functional model as Keras 3 writes it', () => {
  const x = kerasTensor('input_layer', [null, 4, 4, 2]);
  const relu = { module: 'builtins', class_name: 'function', config: 'relu', registered_name: 'function' };
  const conv = {
    filters: 2,
    kernel_size: [3, 3],
    strides: [1, 1],
    padding: 'same',
    data_format: 'channels_last',
    dilation_rate: [1, 1],
    groups: 1,
    use_bias: false,
  };
  const topology = {
    module: 'keras.src.models.functional',
    class_name: 'Functional',
    config: {
      name: 'functional_1',
      trainable: true,
      layers: [
        keras3Layer('InputLayer', 'input_layer', { batch_shape: [null, 4, 4, 2], sparse: false }, []),
        keras3Layer('Conv2D', 'conv2d', { ...conv, activation: relu }, [x]),
        keras3Layer(
          'BatchNormalization',
          'bn',
          { axis: -1, momentum: 0.99, epsilon: 0.001, center: true, scale: true },
          [kerasTensor('conv2d', [null, 4, 4, 2])],
        ),
        keras3Layer('Add', 'add', {}, [[kerasTensor('bn', [null, 4, 4, 2]), x]]),
        keras3Layer('ReLU', 're_lu', { max_value: 6.0, negative_slope: 0.0, threshold: 0.0 }, [
          kerasTensor('add', [null, 4, 4, 2]),
        ]),
        keras3Layer('GlobalAveragePooling2D', 'gap', { data_format: 'channels_last', keepdims: true }, [
          kerasTensor('re_lu', [null, 4, 4, 2]),
        ]),
        keras3Layer('Flatten', 'flatten', { data_format: 'channels_last' }, [
          kerasTensor('gap', [null, 1, 1, 2]),
        ]),
        keras3Layer('Dense', 'dense', { units: 3, activation: 'softmax', use_bias: true }, [
          kerasTensor('flatten', [null, 2]),
        ]),
      ],
      input_layers: ['input_layer', 0, 0],
      output_layers: ['dense', 0, 0],
    },
    registered_name: 'Functional',
    build_config: { input_shape: null },
  };

  it('becomes a graph, whatever its weights are called', () => {
    const names = [
      { conv: 'conv2d/kernel', gamma: 'bn/gamma', variance: 'bn/moving_variance', bias: 'dense/bias' },
      {
        conv: 'functional_1/conv2d/kernel:0',
        gamma: 'functional_1/bn/gamma:0',
        variance: 'functional_1/bn/moving_variance:0',
        bias: 'functional_1/dense/bias:0',
      },
      {
        conv: '_layer_checkpoint_dependencies/conv2d/vars/0',
        gamma: 'layers/bn/vars/0',
        variance: 'layers/bn/vars/3',
        bias: 'layers/dense/vars/1',
      },
    ];
    for (const { conv: kernel, gamma, variance, bias } of names) {
      const others = {
        [gamma.replace(/gamma|0(?!.*0)/, (role) => (role === 'gamma' ? 'beta' : '1'))]: [2],
        [gamma.replace(/gamma|0(?!.*0)/, (role) => (role === 'gamma' ? 'moving_mean' : '2'))]: [2],
      };
      const { manifest, bytes } = weightsOf({
        [kernel]: [3, 3, 2, 2],
        [gamma]: [2],
        ...others,
        [variance]: [2],
        [bias.replace('bias', 'kernel').replace(/1$/, '0')]: [2, 3],
        [bias]: [3],
      });

      const { graph, state, softmax, classes } = importLayersModel(
        { modelTopology: { model_config: topology, keras_version: '3.4.1' }, weightsManifest: manifest },
        bytes,
      );

      expect(graph.nodes.map(({ name, op, inputs }) => [name, op, ...inputs])).toEqual([
        ['input_layer', 'input'],
        ['conv2d', 'conv2d', 'input_layer'],
        ['conv2d.activation', 'relu', 'conv2d'],
        ['bn', 'batchNorm', 'conv2d.activation'],
        ['add', 'add', 'bn', 'input_layer'],
        ['re_lu', 'relu6', 'add'],
        ['gap', 'globalAvgPool', 're_lu'],
        ['dense', 'dense', 'gap'],
      ]);
      expect([softmax, classes, graph.name, graph.output]).toEqual([true, null, 'functional_1', 'dense']);
      expect([...(state.params.get('conv2d/kernel') ?? [])].slice(0, 2)).toEqual(
        [0.01, 0.02].map(Math.fround),
      );
      expect(state.moments.get('bn')?.variance).toEqual(Float32Array.from([0.43, 0.44]));
      expect(state.params.get('dense/bias')).toEqual(Float32Array.from([0.51, 0.52, 0.53]));
    }
  });
});

describe('a Sequential model', () => {
  const shapes = { 'dense/kernel': [4, 2], 'dense/bias': [2] };
  const head = layer('Dense', { units: 2 });

  it.each([
    [
      'Keras 2, shape at the first layer',
      sequential([layer('Dropout', { batch_input_shape: [null, 4] }), head]),
    ],
    ['Keras 2, input layer', sequential([layer('InputLayer', { batch_input_shape: [null, 4] }), head])],
    ['Keras 3, input layer', sequential([layer('InputLayer', { batch_shape: [null, 4] }), head])],
    [
      'Keras 3, shape at the model',
      { class_name: 'Sequential', config: { name: 'm', layers: [head], build_input_shape: [null, 4] } },
    ],
    [
      'before Keras 2.2.3, a bare list',
      { class_name: 'Sequential', config: [layer('Dense', { units: 2, batch_input_shape: [null, 4] })] },
    ],
    [
      'a model inside',
      sequential([{ ...sequential([layer('InputLayer', { batch_shape: [null, 4] }), head]), name: 'inner' }]),
    ],
  ])('%s', (_, topology) => {
    const { manifest, bytes } = weightsOf(shapes);
    const { graph } = importLayersModel({ modelTopology: topology, weightsManifest: manifest }, bytes);
    expect(graph.nodes.map(({ op }) => op)).toEqual(['input', 'dense']);
  });

  it('makes names of it that the graph allows', () => {
    const { manifest, bytes } = weightsOf({ 'my dense/kernel': [4, 2], 'my dense/bias': [2] });
    const topology = sequential([
      layer('InputLayer', { batch_shape: [null, 4] }),
      layer('Dense', { name: 'my dense', units: 2 }),
    ]);
    const { graph } = importLayersModel({ modelTopology: topology, weightsManifest: manifest }, bytes);
    expect([graph.name, graph.output]).toEqual(['test_model', 'my_dense']);
  });

  it('reads class names', () => {
    const { manifest, bytes } = weightsOf(shapes);
    const topology = sequential([layer('InputLayer', { batch_shape: [null, 4] }), head]);
    const read = (userDefinedMetadata: unknown) =>
      importLayersModel({ modelTopology: topology, weightsManifest: manifest, userDefinedMetadata }, bytes)
        .classes;
    expect(read({ classes: ['cat', 'dog'] })).toEqual(['cat', 'dog']);
    expect(read({ labels: ['cat', 'dog'] })).toEqual(['cat', 'dog']);
    expect([read({ classes: ['cat'] }), read({ classes: [1, 2] }), read(null)]).toEqual([null, null, null]);
  });
});

describe('what cannot be taken over', () => {
  const image = layer('InputLayer', { batch_shape: [null, 8, 8, 3] });
  const end = [layer('GlobalAveragePooling2D', {}), layer('Dense', { units: 2 })];

  it('is named all at once, with reasons', () => {
    const error = refusal(
      sequential([
        image,
        layer('ConvLSTM2D', {}),
        layer('Conv2D', { filters: 3, kernel_size: [3, 3], dilation_rate: [2, 2] }),
        layer('LeakyReLU', { alpha: 0.3 }),
        layer('ReLU', { max_value: 4 }),
        layer('Activation', { activation: 'swish' }),
        layer('MaxPooling2D', { pool_size: 2, data_format: 'channels_first' }),
        layer('LayerNormalization', {}),
        ...end,
      ]),
    );
    expect(error.code).toBe('op_unsupported');
    expect(error.rawMessage).toBe(
      'cannot take over 7 layers: convlstm2d (ConvLSTM2D), conv2d (Conv2D: dilation_rate [2,2]), leakyrelu (LeakyReLU), ' +
        'relu (ReLU: max_value 4), activation (Activation: activation "swish"), ' +
        'maxpooling2d (MaxPooling2D: data_format "channels_first"), layernormalization (LayerNormalization)',
    );
  });

  it.each([
    [
      'zeros before an average',
      [layer('ZeroPadding2D', { padding: 1 }), layer('AveragePooling2D', {}), ...end],
      /averages over the zeros/,
    ],
    [
      'zeros before a maximum of what may be negative',
      [layer('ZeroPadding2D', { padding: 1 }), layer('MaxPooling2D', {}), ...end],
      /may be its maximum/,
    ],
    [
      'zeros before a norm',
      [layer('ZeroPadding2D', { padding: 1 }), layer('BatchNormalization', {}), ...end],
      /ZeroPadding2D stands before it/,
    ],
    ['a norm over rows', [layer('BatchNormalization', { axis: 1 }), ...end], /axis 1, which is not the last/],
    [
      'a reshape to another image',
      [layer('Reshape', { target_shape: [4, 16, 3] }), ...end],
      /reshapes \[8,8,3\] to \[4,16,3\]/,
    ],
    [
      'a softmax in the middle',
      [layer('Softmax', {}), ...end],
      /globalaveragepooling2d .*softmax stands before it/,
    ],
    ['a ReLU with a slope', [layer('ReLU', { negative_slope: 0.1 }), ...end], /negative_slope 0.1/],
    [
      'causal padding',
      [layer('Conv2D', { filters: 1, kernel_size: 3, padding: 'causal' }), ...end],
      /padding "causal"/,
    ],
  ])('%s', (_, layers, message) => {
    const error = refusal(sequential([image, ...layers]), { 'x/y': [1] });
    expect(error.message).toMatch(message);
    expect(error.code).toBe('op_unsupported');
  });

  it('an input of open size', () => {
    const error = refusal(sequential([layer('InputLayer', { batch_shape: [null, null, null, 3] }), ...end]));
    expect(error.message).toMatch(/shape \[null,null,null,3\] leaves extents open; save the model/);
    expect(error.code).toBe('op_unsupported');
  });

  it('a layer called twice with its weights, and a model of two outputs', () => {
    const call = (name: string): unknown[] => [[[name, 0, 0, {}]]];
    const topology = {
      class_name: 'Model',
      config: {
        name: 'm',
        layers: [
          {
            name: 'in',
            class_name: 'InputLayer',
            config: { batch_input_shape: [null, 4] },
            inbound_nodes: [],
          },
          {
            name: 'd',
            class_name: 'Dense',
            config: { units: 4 },
            inbound_nodes: [...call('in'), ...call('d')],
          },
        ],
        input_layers: [['in', 0, 0]],
        output_layers: [
          ['d', 0, 0],
          ['d', 1, 0],
        ],
      },
    };
    expect(refusal(topology).rawMessage).toBe(
      'cannot take over 2 layers: d (Dense: called 2 times, which shares its weights), the model (Model: has 2 outputs, expected one)',
    );
  });

  it('a graph model', () => {
    expect(() => importLayersModel({ format: 'graph-model', modelTopology: {} }, new Uint8Array())).toThrow(
      /\[op_unsupported\] model.json is a TensorFlow graph model; expected a layers model/,
    );
  });

  it('a model that ends in an image', () => {
    expect(refusal(sequential([image, layer('ReLU', {})]))).toMatchObject({ code: 'invalid_graph' });
  });
});

describe('files that are no layers model', () => {
  it.each([
    [null, /model.json is null, expected an object/],
    [[], /model.json is a list/],
    [{}, /class_name of the model is missing/],
    [{ modelTopology: { class_name: 'Transformer', config: {} } }, /class_name is Transformer/],
    [{ modelTopology: sequential([]) }, /./],
    [{ modelTopology: { class_name: 'Sequential', config: { layers: [7] } } }, /a layer is a number/],
    [
      { modelTopology: sequential([layer('InputLayer', { batch_shape: [null, 4] })]) },
      /weightsManifest is missing/,
    ],
  ])('%j', (modelJson, message) => {
    expect(() => importLayersModel(modelJson, new Uint8Array())).toThrow(message);
    expect(() => importLayersModel(modelJson, new Uint8Array())).toThrow(EspalierError);
  });

  it.each([
    [
      'reads what is not there',
      [
        ['in', 0, 0, {}],
        ['ghost', 0, 0, {}],
      ],
      /layer add reads ghost#0, which it does not have/,
    ],
    [
      'reads itself',
      [
        ['in', 0, 0, {}],
        ['add', 0, 0, {}],
      ],
      /layer add reads its own output/,
    ],
  ])('a layer that %s', (_, inputs, message) => {
    const config = {
      name: 'm',
      layers: [
        { name: 'in', class_name: 'InputLayer', config: { batch_input_shape: [null, 4] }, inbound_nodes: [] },
        { name: 'add', class_name: 'Add', config: {}, inbound_nodes: [inputs] },
      ],
      input_layers: [['in', 0, 0]],
      output_layers: [['add', 0, 0]],
    };
    const error = refusal({ class_name: 'Model', config });
    expect(error.message).toMatch(message);
    expect(error.code).toBe('malformed_message');
  });

  it('models nested without end', () => {
    let topology = sequential([layer('InputLayer', { batch_shape: [null, 4] })]);
    for (let i = 0; i < 40; i++) topology = { ...sequential([topology]), name: 'm' };
    expect(refusal(topology).code).toBe('malformed_message');
  });
});
