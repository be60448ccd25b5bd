import type { Conv2dNode, PoolNode, TensorShape } from '../../graph/model-graph.js';
import { inferShapes } from '../../graph/shapes.js';

/**
 * Shape of an image of that shape after a convolution or pool.
 * @throws EspalierError `invalid_graph` when the window does not fit.
 */
export function shapeAfter(node: Conv2dNode | PoolNode, input: TensorShape): TensorShape {
  const shapes = inferShapes({
    name: node.name,
    nodes: [
      { op: 'input', name: 'in', inputs: [], shape: input },
      { ...node, name: `${node.name}.out`, inputs: ['in'] },
      { op: 'flatten', name: 'flat', inputs: [`${node.name}.out`] },
    ],
    output: 'flat',
    blocks: [],
  });
  return shapes.get(`${node.name}.out`) ?? [];
}
