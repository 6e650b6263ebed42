// The way from Python into compiled models, without detours: a session that takes plain calls itself and hands all others on.
//
// A plain call is run({name: array, ...}) with exactly the inputs, each a numpy array of aligned native numbers of the right type,
// C-contiguous, of the right shape. Everything else, errors included, is for the Python function `slow`.
#define PY_SSIZE_T_CLEAN
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>

#include <cstddef>

namespace {

constexpr int most_tensors = 16, most_axes = 8;

struct Tensor {
  PyObject* name;
  int type, axes;
  npy_intp shape[most_axes];  // -1 is the batch
};

typedef void (*Run)(const void* const*, void* const*, std::size_t);

struct Session {
  PyObject_HEAD
  Run run;
  int inputs, outputs;
  Tensor input[most_tensors], output[most_tensors];
  PyObject* slow;
  npy_intp most_rows_held;
};

// Rows of an array that fits, 1 of one without a batch, else -1.
npy_intp rows_of(PyObject* object, const Tensor& tensor) {
  if (!PyArray_CheckExact(object)) return -1;
  PyArrayObject* array = reinterpret_cast<PyArrayObject*>(object);
  if (PyArray_TYPE(array) != tensor.type || PyArray_NDIM(array) != tensor.axes) return -1;
  if (!PyArray_ISCARRAY_RO(array)) return -1;  // contiguous, aligned, native
  const npy_intp* shape = PyArray_DIMS(array);
  npy_intp rows = 1;
  for (int axis = 0; axis < tensor.axes; ++axis)
    if (tensor.shape[axis] < 0)
      rows = shape[axis];
    else if (shape[axis] != tensor.shape[axis])
      return -1;
  return rows;
}

// Addresses of the inputs and how many rows they have, or -1 where the call is not plain. `held` are new references.
npy_intp take_inputs(Session* self, PyObject* inputs, const void** from, PyObject** held) {
  if (!PyDict_CheckExact(inputs) || PyDict_GET_SIZE(inputs) != self->inputs) return -1;
  npy_intp rows = -1;
  for (int k = 0; k < self->inputs; ++k) {
    PyObject* array = PyDict_GetItemWithError(inputs, self->input[k].name);
    if (array == nullptr) {
      PyErr_Clear();
      return -1;
    }
    const npy_intp found = rows_of(array, self->input[k]);
    if (found < 0 || (k > 0 && found != rows)) return -1;
    rows = found;
    from[k] = PyArray_DATA(reinterpret_cast<PyArrayObject*>(array));
    held[k] = array;
  }
  for (int k = 0; k < self->inputs; ++k) Py_INCREF(held[k]);
  return rows;
}

PyObject* make_outputs(Session* self, npy_intp rows, void** to) {
  PyObject* outputs = PyDict_New();
  if (outputs == nullptr) return nullptr;
  for (int k = 0; k < self->outputs; ++k) {
    const Tensor& tensor = self->output[k];
    npy_intp shape[most_axes];
    for (int axis = 0; axis < tensor.axes; ++axis) shape[axis] = tensor.shape[axis] < 0 ? rows : tensor.shape[axis];
    PyArray_Descr* type = PyArray_DescrFromType(tensor.type);  // stolen by the next line
    PyObject* array = PyArray_NewFromDescr(&PyArray_Type, type, tensor.axes, shape, nullptr, nullptr, 0, nullptr);
    const int failed = array == nullptr || PyDict_SetItem(outputs, tensor.name, array) < 0;
    Py_XDECREF(array);
    if (failed) {
      Py_DECREF(outputs);
      return nullptr;
    }
    to[k] = PyArray_DATA(reinterpret_cast<PyArrayObject*>(array));
  }
  return outputs;
}

PyObject* session_run(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  Session* self = reinterpret_cast<Session*>(object);
  const void* from[most_tensors];
  void* to[most_tensors];
  PyObject* held[most_tensors];
  const npy_intp rows = count == 1 && names == nullptr ? take_inputs(self, args[0], from, held) : -1;
  if (rows < 0) return PyObject_Vectorcall(self->slow, args, static_cast<std::size_t>(count), names);
  PyObject* outputs = make_outputs(self, rows, to);
  if (outputs != nullptr) {
    if (rows > self->most_rows_held) {
      Py_BEGIN_ALLOW_THREADS
      self->run(from, to, static_cast<std::size_t>(rows));
      Py_END_ALLOW_THREADS
    } else {
      self->run(from, to, static_cast<std::size_t>(rows));
    }
  }
  for (int k = 0; k < self->inputs; ++k) Py_DECREF(held[k]);
  return outputs;
}

// ((name, type, (size, ...)), ...)
int read_tensors(PyObject* list, Tensor* tensors, int* count) {
  if (PyTuple_GET_SIZE(list) > most_tensors) {
    PyErr_Format(PyExc_ValueError, "at most %d tensors", most_tensors);
    return -1;
  }
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(list); ++k) {
    PyObject *name, *shape;
    if (!PyArg_ParseTuple(PyTuple_GET_ITEM(list, k), "UiO!", &name, &tensors[k].type, &PyTuple_Type, &shape)) return -1;
    const Py_ssize_t axes = PyTuple_GET_SIZE(shape);
    if (axes > most_axes) {
      PyErr_Format(PyExc_ValueError, "at most %d axes", most_axes);
      return -1;
    }
    tensors[k].axes = static_cast<int>(axes);
    for (Py_ssize_t axis = 0; axis < axes; ++axis) tensors[k].shape[axis] = PyLong_AsSsize_t(PyTuple_GET_ITEM(shape, axis));
    if (PyErr_Occurred()) return -1;
    Py_INCREF(name);
    tensors[k].name = name;
    *count = static_cast<int>(k + 1);
  }
  return 0;
}

void session_free(PyObject* object) {
  Session* self = reinterpret_cast<Session*>(object);
  PyObject_GC_UnTrack(object);
  for (int k = 0; k < self->inputs; ++k) Py_CLEAR(self->input[k].name);
  for (int k = 0; k < self->outputs; ++k) Py_CLEAR(self->output[k].name);
  Py_CLEAR(self->slow);
  PyTypeObject* type = Py_TYPE(object);
  type->tp_free(object);
  Py_DECREF(type);
}

int session_visit(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(reinterpret_cast<Session*>(object)->slow);
  return 0;
}

PyObject* session_new(PyTypeObject* type, PyObject* args, PyObject*) {
  unsigned long long address;
  PyObject *inputs, *outputs, *slow;
  Py_ssize_t most;
  if (!PyArg_ParseTuple(args, "KO!O!On", &address, &PyTuple_Type, &inputs, &PyTuple_Type, &outputs, &slow, &most)) return nullptr;
  PyObject* object = type->tp_alloc(type, 0);
  if (object == nullptr) return nullptr;
  Session* self = reinterpret_cast<Session*>(object);
  self->run = reinterpret_cast<Run>(address);
  self->most_rows_held = most;
  Py_INCREF(slow);
  self->slow = slow;
  if (read_tensors(inputs, self->input, &self->inputs) < 0 || read_tensors(outputs, self->output, &self->outputs) < 0) {
    Py_DECREF(object);
    return nullptr;
  }
  return object;
}

PyMethodDef session_methods[] = {
    {"run", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(session_run)), METH_FASTCALL | METH_KEYWORDS,
     "run(inputs, out=None)\n--\n\nOutputs by name for inputs by name."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot session_slots[] = {{Py_tp_new, reinterpret_cast<void*>(session_new)},
                               {Py_tp_dealloc, reinterpret_cast<void*>(session_free)},
                               {Py_tp_traverse, reinterpret_cast<void*>(session_visit)},
                               {Py_tp_methods, session_methods},
                               {0, nullptr}};
PyType_Spec session_spec = {"bartik_native_call.Session", sizeof(Session), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, session_slots};

PyModuleDef module = {PyModuleDef_HEAD_INIT, "bartik_native_call", nullptr, -1, nullptr, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_bartik_native_call() {
  import_array();
  PyObject* made = PyModule_Create(&module);
  PyObject* type = PyType_FromSpec(&session_spec);
  if (made == nullptr || type == nullptr || PyModule_AddObject(made, "Session", type) < 0) return nullptr;
  return made;
}
