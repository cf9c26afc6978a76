"""Sound as pictures of its frequencies: spectrograms, computed inside the network.

So an exported file takes samples of sound. A frame is the Fourier transform of a stretch of
samples under a window; in ONNX it is a convolution with the Fourier basis, which every runtime has.
"""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import flag, option, real, size
from nnc.ir.dims import Dim, show
from nnc.ir.initial import FourierBasis, MelFilters, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import (
    Along,
    Case,
    Kept,
    Layer,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchArg,
    TorchWriter,
    layer,
)
from nnc.layers.lengths import LENGTHS
from nnc.layers.mel import empty_filter, most_filters
from nnc.layers.rules import BOUNDS, FILTERS, KERNEL, PADDING, WINDOW
from nnc.layers.window import ints, number, windows
from nnc.record import replace

PORTS = (Port("x", ranks=(1,)), replace(LENGTHS, optional=True, implied=True))
WINDOWS = ("hann", "hamming", "blackman", "rectangular")


@layer("spectrogram")
class Spectrogram(Layer):
    """How strong each frequency is in each frame of a sound (short-time Fourier transform).

    [S] samples -> [T, F] with F = fft//2 + 1 frequencies, from 0 to half the rate, and, centred, T
    = S//hop + 1 frames, frame t around sample t*hop. Numerics are those of torchaudio's
    Spectrogram: a periodic window, magnitudes to the power 2. Its logarithm is a formula: `from
    log(s + 1e-6)`. PyTorch: torch.stft; ONNX: Conv with the Fourier basis.
    """

    fft: Dim = size("samples of a frame, and so how many frequencies there are", default=400)
    hop: Dim = size("samples from frame to frame", default=160)
    window: str = option("what fades a frame in and out", WINDOWS, default="hann")
    power: float = real("exponent of magnitudes: 2 for power, 1 for amplitude", default=2, above=0)
    length: Dim | None = size("samples that the window spans; by default fft", default=None)
    center: bool = flag("pads both ends, so that frames are centred", default=True)
    padding_mode: str = option("what padding holds", ("reflect", "zeros"), default="reflect")

    ports = PORTS
    cases = (
        Case("spectrogram", "[1600]", "[11, 201]", nodes=6),
        Case("spectrogram(8, 4)", "[S]", "[S//4 + 1, 5]", nodes=6),
        Case("spectrogram(64, hop=20, power=1)", "[200]", "[11, 33]", nodes=6),
        Case("spectrogram(30, 7, power=0.5)", "[200]", "[29, 16]", nodes=7),
        Case("spectrogram(25, 10)", "[201]", "[21, 13]", nodes=6),
        Case("spectrogram(64, 16, length=40, window=hamming)", "[200]", "[13, 33]", nodes=6),
        Case("spectrogram(64, 16, window=blackman)", "[200]", "[13, 33]", nodes=6),
        Case("spectrogram(64, 16, window=rectangular)", "[200]", "[13, 33]", nodes=6),
        Case("spectrogram(8, 4, center=false)", "[S]", "[S//4 - 1, 5]", nodes=5),
        Case("spectrogram(64, 16, padding_mode=zeros)", "[20]", "[2, 33]", nodes=5),
        Case("spectrogram", "[200]", refused="NN304"),
        Case("spectrogram(center=false)", "[200]", refused="NN301"),
        Case("spectrogram(fft=64, length=65)", "[200]", refused="NN396"),
        Case("spectrogram", "[40, 200]", refused="NN316"),
        Case("spectrogram(S)", "[S]", refused="NN306"),
    )

    def spectrum(self, rules: Rules, x: TensorType) -> TensorType:
        """[T, F]; states what must hold."""
        fft, hop = number(rules, self.fft, "fft"), number(rules, self.hop, "hop")
        length = fft if self.length is None else number(rules, self.length, "length")
        if length > fft:
            rules.refuse(
                WINDOW,
                f"the window is longer than a frame: {length} samples of {fft}",
                at="length",
                help=f"write `fft={1 << (length - 1).bit_length()}`, or `length={fft}`",
            )
        self._require_samples(rules, x.dims[0], fft)
        (frames,) = windows(x.dims, (fft,), (hop,), (self._both,))
        return TensorType((frames, fft // 2 + 1), time=0)

    def _require_samples(self, rules: Rules, samples: Dim, fft: int) -> None:
        """States that there are samples for a frame, and to reflect."""
        if self.center and self.padding_mode == "reflect":
            message = "the sound is too short to be reflected at its ends"
            label = f"{fft // 2} samples are added to both ends of {show(samples)}"
            help = "use a shorter `fft`, or `padding_mode=zeros`"
            rules.at_least(samples - fft // 2, 1, PADDING, message, label=label, help=help)
            return
        message = "the sound is shorter than a frame"
        label = f"{show(samples)} samples, and {fft} in a frame"
        rules.at_least(
            samples + self._both - fft,
            0,
            KERNEL,
            message,
            label=label,
            help="use a shorter `fft`" + ("" if self.center else ", or `center=true`"),
        )

    @property
    def _size(self) -> int:
        return ints(self.fft, 1)[0]

    @property
    def _both(self) -> int:
        """Cells of padding, before and behind together."""
        return self._size // 2 * 2 if self.center else 0

    def shape(self, rules: Rules, x: TensorType, *_: TensorType | None) -> tuple[TensorType, ...]:
        return (self.spectrum(rules, x),)

    def frames(self, x: TensorType) -> TensorType:
        """[T, F] of a sound that fits."""
        (frames,) = windows(x.dims, (self._size,), ints(self.hop, 1), (self._both,))
        return TensorType((frames, self._size // 2 + 1), time=0)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        if not self.center:
            return "each"  # the frames that are its own see its own samples
        return "lengths" if self.padding_mode == "reflect" else "masked"

    def macs(self, x: TensorType, *_: TensorType | None) -> Dim:
        frames, frequencies = self.frames(x).dims
        return frames * frequencies * 2 * self._size

    def keeps(self, x: TensorType, *_: TensorType | None) -> Kept:
        """Frames, their complex spectrum, magnitudes where their power is another; what it pads."""
        frames, frequencies = self.frames(x).dims
        spectrum = frequencies * (8 if self.power == 1 else 12)
        reflects = self.center and self.padding_mode == "reflect"
        return Kept(inputs=reflects, other=frames * (spectrum + 4 * self._size))

    # --- PyTorch ---------------------------------------------------------------------------------

    def torch(self, w: TorchWriter, x: Ref, lengths: Ref | None = None) -> Ref:
        y = self.torch_bins(w, x, lengths)
        return w.method(y, "transpose", 1, 2)

    def torch_bins(self, w: TorchWriter, x: Ref, lengths: Ref | None) -> Ref:
        """[batch, F, T]."""
        center, fft = self.center, self._size
        if lengths is not None:
            x, center = self._torch_reflected(w, x, lengths), False
        length: TorchArg = self.fft if self.length is None else self.length
        make = "torch.ones" if self.window == "rectangular" else f"torch.{self.window}_window"
        window = w.call(make, length, device=w.device(x))
        y = w.call(
            "torch.stft",
            x,
            self.fft,
            hop_length=self.hop,
            win_length=length if length != fft else None,
            window=window,
            center=center,
            pad_mode="reflect" if self.padding_mode == "reflect" else "constant",
            return_complex=True,
        )
        y = w.call("torch.abs", w.let(y, "spectrum"))
        if self.power == 2:
            return w.method(y, "square")
        return y if self.power == 1 else w.infix("**", y, self.power)

    def _torch_reflected(self, w: TorchWriter, x: Ref, lengths: Ref) -> Ref:
        """Each sound of a padded batch, reflected at its own end."""
        pad = self._size // 2
        last = w.let(w.infix("-", w.method(lengths, "unsqueeze", 1), 1), "last")
        count = x.type.dims[0] + 2 * pad
        at = w.let(w.infix("-", w.call("torch.arange", count, device=w.device(x)), pad), "steps")
        turned = w.call("torch.abs", w.infix("-", last, w.call("torch.abs", at)))
        turned = w.let(turned, "behind")
        at = w.call("torch.clamp", w.infix("-", last, turned), min=0)
        return w.let(w.method(x, "gather", 1, at), "reflected")

    # --- ONNX ------------------------------------------------------------------------------------

    def nodes(self, x: TensorType, lengths: TensorType | None = None) -> int:
        return self._before(lengths) + 5 + (self.power not in (1, 2))

    def _before(self, lengths: TensorType | None) -> int:
        if lengths is not None:
            return 10
        return 1 if self.center and self.padding_mode == "reflect" else 0

    def onnx(self, w: OnnxWriter, x: Ref, lengths: Ref | None = None) -> Ref:
        y = self.onnx_bins(w, x, lengths)
        return w.op("Transpose", y, perm=(0, 2, 1), type=self.frames(x.type))

    def onnx_bins(self, w: OnnxWriter, x: Ref, lengths: Ref | None) -> Ref:
        """[batch, F, T]: cosines and sines of each frequency, then their magnitude."""
        fft, pad = self._size, self._size // 2
        frames, frequencies = self.frames(x.type).dims
        pads = (pad, pad) if self.center else (0, 0)
        samples = x.type.dims[0]
        if lengths is not None:
            x, pads = self._onnx_reflected(w, x, lengths), (0, 0)
            samples = samples + 2 * pad
        x = w.op("Unsqueeze", x, w.ints(1), type=TensorType((1, samples)))
        if pads != (0, 0) and self.padding_mode == "reflect":
            padded = TensorType((1, samples + 2 * pad))
            x = w.op("Pad", x, w.ints(0, 0, pad, 0, 0, pad), mode="reflect", type=padded)
            pads = (0, 0)
        length = ints(self.length if self.length is not None else fft, 1)[0]
        basis = w.table(FourierBasis(fft, length, self.window), 2 * (fft // 2 + 1), 1, fft)
        y = w.op(
            "Conv",
            x,
            basis,
            kernel_shape=(fft,),
            strides=ints(self.hop, 1),
            pads=pads,
            type=TensorType((2 * frequencies, frames)),
        )
        pair = TensorType((2, frequencies, frames))
        y = w.op("Reshape", y, w.shape(*pair.dims), type=pair)
        kind = "ReduceSumSquare" if self.power == 2 else "ReduceL2"
        type = TensorType((frequencies, frames))
        y = w.op(kind, y, w.ints(1), keepdims=0, type=type)
        if self.power in (1, 2):
            return y
        return w.op("Pow", y, w.floats(float(self.power)), type=type)

    def _onnx_reflected(self, w: OnnxWriter, x: Ref, lengths: Ref) -> Ref:
        pad = self._size // 2
        whole = x.type.dims[0] + 2 * pad
        stop = w.op(
            "Squeeze", w.ints(whole - pad), w.ints(0), type=TensorType((), "int64", fixed=True)
        )
        counted = TensorType((whole,), "int64", fixed=True)
        at = w.op("Range", w.integer(-pad), stop, w.integer(1), type=counted)
        last = w.op("Unsqueeze", lengths, w.ints(1), type=TensorType((1,), "int64"))
        last = w.op("Sub", last, w.ints(1), type=TensorType((1,), "int64"))
        type = TensorType((whole,), "int64")
        turned = w.op("Sub", last, w.op("Abs", at, type=counted), type=type)
        at = w.op("Sub", last, w.op("Abs", turned, type=type), type=type)
        at = w.op("Max", at, w.ints(0), type=type)
        return w.op("GatherElements", x, at, axis=1, type=TensorType((whole,)))


@layer("mel_spectrogram")
class MelSpectrogram(Layer):
    """How strong a sound is in bands that the ear tells apart, frame by frame.

    [S] samples -> [T, mels], centred with T = S//hop + 1 frames: a spectrogram whose frequencies
    are summed under triangles that are evenly spaced in mel. Numerics are those of torchaudio's
    MelSpectrogram: the scale of HTK, triangles of height 1. `scale=slaney, norm=slaney` are
    librosa's, and Whisper's. Its logarithm is a formula: `from log(m + 1e-6)`. The triangles are a
    buffer `fb`, which no training changes. PyTorch: torch.stft and @; ONNX: Conv and MatMul.
    """

    rate: Dim = size("samples a second; of sound files `NAME.rate`")
    fft: Dim = size("samples of a frame", default=400)
    hop: Dim = size("samples from frame to frame", default=160)
    mels: Dim = size("bands", default=80)
    low: float = real("where the lowest band begins, in hertz", default=0.0, least=0)
    high: float | None = real(
        "where the highest band ends, in hertz; by default half the rate", default=None, above=0
    )
    window: str = option("what fades a frame in and out", WINDOWS, default="hann")
    power: float = real("exponent of magnitudes: 2 for power, 1 for amplitude", default=2, above=0)
    length: Dim | None = size("samples that the window spans; by default fft", default=None)
    center: bool = flag("pads both ends, so that frames are centred", default=True)
    padding_mode: str = option("what padding holds", ("reflect", "zeros"), default="reflect")
    scale: str = option(
        "of mel: that of HTK, or Slaney's, linear below 1000 hertz", ("htk", "slaney"),
        default="htk",
    )  # fmt: skip
    norm: str = option(
        "height of triangles: 1 each, or so that each has the area 1", ("none", "slaney"),
        default="none",
    )  # fmt: skip

    ports = PORTS
    cases = (
        Case("mel_spectrogram(16000)", "[1600]", "[11, 80]", nodes=7),
        Case("mel_spectrogram(8000, 16, 8, mels=3)", "[S]", "[S//8 + 1, 3]", nodes=7),
        Case(
            "mel_spectrogram(16000, scale=slaney, norm=slaney, low=20, high=7600, power=1)",
            "[1000]",
            "[7, 80]",
            nodes=7,
        ),
        Case(
            "mel_spectrogram(8000, 256, length=200, hop=80, mels=40, window=hamming)",
            "[900]",
            "[12, 40]",
            nodes=7,
        ),
        Case("mel_spectrogram(8000, mels=9, window=blackman, center=false)", "[900]", "[4, 9]"),
        Case(
            "mel_spectrogram(8000, mels=9, window=rectangular, padding_mode=zeros)",
            "[900]",
            "[6, 9]",
            nodes=6,
        ),
        Case("mel_spectrogram(16000, mels=128)", "[1600]", refused="NN397"),
        Case("mel_spectrogram(16000, high=8001)", "[1600]", refused="NN338"),
        Case("mel_spectrogram(16000, low=4000, high=4000)", "[1600]", refused="NN338"),
        Case("mel_spectrogram(16000, mels=S)", "[S]", refused="NN306"),
        Case("mel_spectrogram(16000)", "[200]", refused="NN304"),
    )

    @property
    def plain(self) -> Spectrogram:
        """The spectrogram that is summed."""
        return Spectrogram(
            self.fft,
            self.hop,
            self.window,
            self.power,
            self.length,
            self.center,
            self.padding_mode,
        )

    @property
    def filters(self) -> MelFilters:
        """The triangles."""
        return MelFilters(self.rate, self.low, self.high, self.scale, self.norm)

    def shape(self, rules: Rules, x: TensorType, *_: TensorType | None) -> tuple[TensorType, ...]:
        mels = number(rules, self.mels, "mels")
        spectrum = self.plain.spectrum(rules, x)
        if isinstance(self.rate, int):
            self._require_bands(rules, mels)
        elif self.high is not None and self.high <= self.low:
            self._refuse_bounds(rules, show(self.rate))
        return (spectrum.with_dims(spectrum.dims[0], mels),)

    def _refuse_bounds(self, rules: Rules, half: str) -> None:
        rules.refuse(
            BOUNDS,
            "bands lie between `low` and `high`, and below half the rate",
            at="low" if self.high is None else "high",
            label=f"from {self.low:g} to {half if self.high is None else f'{self.high:g}'} hertz",
            help=f"the highest frequency there is, half the rate, is {half} hertz",
        )

    def _require_bands(self, rules: Rules, mels: int) -> None:
        """States that each band holds a frequency."""
        rate, fft = ints(self.rate, 1)[0], ints(self.fft, 1)[0]
        high = rate / 2 if self.high is None else self.high
        if not self.low < high <= rate / 2:
            self._refuse_bounds(rules, f"{rate / 2:g}")
        empty = empty_filter(rate, fft, mels, self.low, high, self.scale)
        if empty is None:
            return
        most = most_filters(rate, fft, mels, self.low, high, self.scale)
        low, top = empty
        fits = f"at most `mels={most}`, or " if most else ""
        rules.refuse(
            FILTERS,
            "a band lies between two frequencies, and would always be 0",
            at="mels",
            label=f"from {low:.0f} to {top:.0f} hertz; frequencies are {rate / fft:.4g} apart",
            help=f"use {fits}a longer `fft`",
        )

    def weights(self, x: TensorType, *_: TensorType | None) -> Iterable[Weight]:
        frequencies = ints(self.fft, 1)[0] // 2 + 1
        yield Weight("fb", (frequencies, self.mels), self.filters, "frozen")

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return self.plain.along(axis, x)

    def macs(self, x: TensorType, *_: TensorType | None) -> Dim:
        frames, frequencies = self.plain.frames(x).dims
        return self.plain.macs(x) + frames * frequencies * self.mels

    def keeps(self, x: TensorType, *_: TensorType | None) -> Kept:
        """What the spectrogram keeps."""
        return self.plain.keeps(x)

    def nodes(self, x: TensorType, lengths: TensorType | None = None) -> int:
        return self.plain.nodes(x, lengths) + 1

    def torch(self, w: TorchWriter, x: Ref, lengths: Ref | None = None) -> Ref:
        y = self.plain.torch(w, x, lengths)
        return w.infix("@", y, w.weight("fb"))

    def onnx(self, w: OnnxWriter, x: Ref, lengths: Ref | None = None) -> Ref:
        y = self.plain.onnx(w, x, lengths)
        frames = self.plain.frames(x.type).dims[0]
        return w.op("MatMul", y, w.weight("fb"), type=TensorType((frames, self.mels), time=0))
