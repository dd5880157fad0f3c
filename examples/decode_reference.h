// The model of decode_kernels.cuh once more, for one sequence on the CPU, to judge what a GPU computed. It is
// told the tokens that the GPU chose and says whether each was a right choice: rounding may tip a near tie,
// so a token counts as right when its logit is the greatest or next to it.
#pragma once

#include "decode_kernels.cuh"
#include <cmath>
#include <vector>

class Reference
{
      public:
	explicit Reference(int layers)
	    : layers(layers), weights(model::W_EMBED + layers * model::W_LAYER), cache(layers)
	{
		for (size_t i = 0; i < weights.size(); i++)
			weights[i] = model::weight(i);
	}

	// Feeds the next token of the sequence; returns the logits that follow it.
	std::vector<float> feed(int token)
	{
		using namespace model;
		std::vector<float> x(weights.begin() + token * HIDDEN,
				     weights.begin() + (token + 1) * HIDDEN);
		for (float &v : x)
			v *= 8;
		for (int l = 0; l < layers; l++) {
			const float *w = &weights[W_EMBED + (size_t)l * W_LAYER];
			std::vector<float> qkv = multiply(norm(x), w, 3 * HIDDEN);
			rotate(&qkv[0]);
			rotate(&qkv[HIDDEN]);
			cache[l].emplace_back(qkv.begin() + HIDDEN, qkv.end());
			add(x, multiply(attend(cache[l], qkv), w + W_QKV, HIDDEN));
			std::vector<float> up = multiply(norm(x), w + W_QKV + W_OUT, 2 * FFN);
			for (int i = 0; i < FFN; i++)
				up[i] = up[i] / (1 + expf(-up[i])) * up[FFN + i];
			up.resize(FFN);
			add(x, multiply(up, w + W_QKV + W_OUT + W_UP, HIDDEN));
		}
		position++;
		return multiply(norm(x), &weights[0], VOCAB);
	}

	static bool right_choice(const std::vector<float> &logits, int token)
	{
		float max = -INFINITY;
		if (token < 0 || token >= model::VOCAB)
			return false;
		for (float l : logits)
			max = l > max ? l : max;
		return logits[token] >= max - 1e-3f * (1 + fabsf(max));
	}

      private:
	typedef std::vector<float> vec;
	int layers, position = 0;
	vec weights;
	std::vector<std::vector<vec>> cache; // layer, position: key and value

	static vec norm(const vec &x)
	{
		vec y(x);
		float sum = 0;
		for (float v : x)
			sum += v * v;
		for (float &v : y)
			v /= sqrtf(sum / model::HIDDEN + 1e-5f);
		return y;
	}
	static vec multiply(const vec &a, const float *w, int rows)
	{
		vec y(rows);
		for (int n = 0; n < rows; n++)
			for (size_t k = 0; k < a.size(); k++)
				y[n] += a[k] * w[n * a.size() + k];
		return y;
	}
	static void add(vec &x, const vec &y)
	{
		for (size_t i = 0; i < x.size(); i++)
			x[i] += y[i];
	}
	void rotate(float *v) const
	{
		using namespace model;
		for (int h = 0; h < HEADS; h++, v += HEAD_DIM) {
			for (int d = 0; d < HEAD_DIM / 2; d++) {
				float angle = rope_angle(position, d), a = v[d], b = v[d + HEAD_DIM / 2];
				v[d] = a * cosf(angle) - b * sinf(angle);
				v[d + HEAD_DIM / 2] = b * cosf(angle) + a * sinf(angle);
			}
		}
	}
	vec attend(const std::vector<vec> &kv, const vec &q) const
	{
		using namespace model;
		vec out(HIDDEN), score;
		size_t begin = kv.size() > WINDOW ? kv.size() - WINDOW : 0;
		for (int h = 0; h < HEADS; h++) {
			float max = -INFINITY, sum = 0;
			score.assign(kv.size() - begin, 0);
			for (size_t p = begin; p < kv.size(); p++) {
				for (int i = 0; i < HEAD_DIM; i++)
					score[p - begin] += q[h * HEAD_DIM + i] * kv[p][h * HEAD_DIM + i];
				score[p - begin] /= sqrtf((float)HEAD_DIM);
				max = score[p - begin] > max ? score[p - begin] : max;
			}
			for (float &s : score)
				sum += s = expf(s - max);
			for (size_t p = begin; p < kv.size(); p++)
				for (int i = 0; i < HEAD_DIM; i++)
					out[h * HEAD_DIM + i] +=
						score[p - begin] / sum * kv[p][HIDDEN + h * HEAD_DIM + i];
		}
		return out;
	}
};
